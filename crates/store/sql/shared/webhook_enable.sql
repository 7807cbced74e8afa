-- A webhook is told again.
update webhooks set disabled_at = null where id = $1
