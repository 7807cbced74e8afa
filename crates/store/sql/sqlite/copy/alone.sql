-- A ledger that is copied, or filled. Nobody else may have it open, from the first read until the connection ends: so
-- whoever has it open now is noticed, and nothing can be committed to it meanwhile.
pragma locking_mode = exclusive;
pragma busy_timeout = 2000;
pragma trusted_schema = off;
pragma cache_size = -65536;
