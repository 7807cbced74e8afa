-- What waits for a webhook is not tried again.
update deliveries set next_at = null, given_up_at = $1 where webhook_id = $2 and next_at is not null
