-- The report of a piece of work for an account.
select id, account_id, kind, order_id, report, done_at from jobs where id = $1 and account_id = $2
