-- What a webhook was to be told is told again.
update deliveries set tries = 0, next_at = $1, delivered_at = null, given_up_at = null
where webhook_id = $2 and event_id = $3
