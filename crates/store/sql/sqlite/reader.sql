-- A connection that reads. The log was made by the writer; a reader may only use it.
pragma query_only = on;
pragma trusted_schema = off;
pragma temp_store = memory;
pragma cache_size = -16384;
-- Nothing is mapped into memory: after a power cut a checkpoint may shorten the file, and to read a mapped page that is gone
-- ends the process.
pragma mmap_size = 0;
