-- Forgets nonces whose time is over, the oldest first.
delete from nonces where (application_id, digest) in (
    select application_id, digest from nonces where keep_until <= $1 order by keep_until limit $2
)
