-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets nonces whose time is over, the oldest first.
delete from nonces where ctid = any (array(
    select ctid from nonces where keep_until <= $1 order by keep_until limit $2
))
