-- Opens a transaction that writes, and waits for its turn. Each of these is a statement of its own: what comes after the
-- lock sees what the last writer has committed. All of it ends with the transaction, so a pooler may stand in between.
begin isolation level read committed read write;
-- A node that stops in the middle must not keep the others waiting for ever.
set local idle_in_transaction_session_timeout = '10s';
set local lock_timeout = '20s';
-- A plan that reads a table from end to end, to scan it or to join it, is never right here, whatever the planner has heard
-- of a young one; and the price that it puts on the scan of a short list must not have it compile the statement.
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local jit = off;
-- A commit that is told is on disk. Where more is asked for (a standby, say), more it is.
select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off';
-- Which of them it locks, and how, is said where this is sent.
select turn from numbers
