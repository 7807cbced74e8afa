-- Forgets replies whose time is over, the oldest first.
delete from replays where (account_id, operation, token) in (
    select account_id, operation, token from replays where keep_until <= $1 order by keep_until limit $2
)
