-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets notices that have left and that webhooks were told of; they hold secrets.
delete from notices
where id = any (array(select id from notices where sent_at <= $1 and spread_at is not null order by sent_at limit $2))
