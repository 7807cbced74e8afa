-- Forgets events, and their deliveries, the oldest first.
delete from events where id in (select id from events where noted_at <= $1 order by noted_at limit $2)
