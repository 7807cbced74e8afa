-- Full listing of a partial index, up to a limit: notices that have not left, oldest first.
select id, account_id, kind, service_id, name, token, caused_at from notices where sent_at is null order by id limit $1
