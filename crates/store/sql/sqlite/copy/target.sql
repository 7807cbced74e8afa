-- The ledger that is filled, in one transaction. A service may come before the one that it belongs to.
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma wal_autocheckpoint = 0;
begin exclusive;
pragma defer_foreign_keys = on;
