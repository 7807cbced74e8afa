-- The ledger that is copied: nobody writes it meanwhile. What is read is what is committed once the locks are there, as
-- they come before the first read; the next file has more of them.
begin isolation level repeatable read read only;
set local lock_timeout = '20s';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local jit = off;
-- Whoever writes locks its row first, and ends before this goes on.
lock table numbers in exclusive mode
