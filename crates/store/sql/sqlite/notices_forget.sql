-- Forgets notices that have left; they hold secrets.
delete from notices where id in (select id from notices where sent_at <= $1 order by sent_at limit $2)
