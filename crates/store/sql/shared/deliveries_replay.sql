-- What a webhook was to be told since then is told again.
update deliveries set tries = 0, next_at = $1, delivered_at = null, given_up_at = null
where webhook_id = $2 and noted_at >= $3
