-- The one connection that writes. Checkpoints are asked for elsewhere, so that they do not run inside a commit.
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma trusted_schema = off;
pragma temp_store = memory;
pragma cache_size = -65536;
pragma wal_autocheckpoint = 0;
