-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets replies whose time is over, the oldest first.
delete from replays where ctid = any (array(
    select ctid from replays where keep_until <= $1 order by keep_until limit $2
))
