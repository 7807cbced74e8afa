-- Opens a transaction whose reads all see what is committed when the first one runs.
begin isolation level repeatable read read only;
-- A node that stops in the middle must not keep a pooler's connection from the others.
set local idle_in_transaction_session_timeout = '3s';
-- Rows are looked up: a plan that scans is never right, whatever the planner has heard of a young table.
set local enable_seqscan = off
