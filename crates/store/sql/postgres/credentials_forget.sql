-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets credentials that ended, the oldest first.
delete from credentials
where id = any (array(select id from credentials where expires_at <= $1 order by expires_at limit $2))
