-- Forgets notices that have left and that webhooks were told of; they hold secrets.
delete from notices
where id in (select id from notices where sent_at <= $1 and spread_at is not null order by sent_at limit $2)
