-- The ledger that is filled, in one transaction; nobody writes it meanwhile. Nothing is left of it where this ends
-- otherwise than by a commit.
begin isolation level read committed read write;
set local lock_timeout = '20s';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local jit = off;
select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off';
lock table numbers in exclusive mode
