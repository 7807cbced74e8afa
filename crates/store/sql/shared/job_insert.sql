-- The report of a piece of work.
insert into jobs (id, account_id, kind, order_id, report, done_at) values ($1, $2, $3, $4, $5, $6)
