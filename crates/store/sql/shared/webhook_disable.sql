-- A webhook is told nothing more.
update webhooks set disabled_at = $1 where id = $2 and disabled_at is null
