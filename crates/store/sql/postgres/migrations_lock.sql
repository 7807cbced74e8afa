-- Nodes that start at once bring a database up to date one after the other. The lock ends with the transaction; its
-- number is "PRNL" in ASCII.
select pg_advisory_xact_lock(1347571276)
