-- Forgets credentials that ended, the oldest first.
delete from credentials where id in (select id from credentials where expires_at <= $1 order by expires_at limit $2)
