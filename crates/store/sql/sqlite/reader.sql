-- A connection that reads. The log was made by the writer; a reader may only use it.
pragma query_only = on;
pragma trusted_schema = off;
pragma temp_store = memory;
pragma cache_size = -16384;
pragma mmap_size = 67108864;
