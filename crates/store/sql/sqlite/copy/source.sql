-- The ledger that is copied.
begin exclusive;
pragma query_only = on;
