-- The connection that carries the log over into the file; it has to sync as the writer does.
pragma synchronous = full;
pragma trusted_schema = off;
pragma wal_autocheckpoint = 0;
