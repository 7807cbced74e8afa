-- Full listing of a partial index, up to a limit: notices that have not left and are not another node's, oldest first.
update notices set claimed_by = $1, claimed_until = $2
where id in (
    select id from notices where sent_at is null and (claimed_by is null or claimed_by = $1 or claimed_until <= $3)
    order by id limit $4
)
returning id, account_id, kind, service_id, name, token, caused_at
