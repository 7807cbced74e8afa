-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets events, and their deliveries, the oldest first.
delete from events where id = any (array(select id from events where noted_at <= $1 order by noted_at limit $2))
