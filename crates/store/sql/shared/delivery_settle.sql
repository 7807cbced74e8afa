-- What came of an attempt, unless somebody else has the delivery by now.
update deliveries set tries = $1, next_at = $2, delivered_at = $3, given_up_at = $4, answer = $5
where event_id = $6 and webhook_id = $7 and next_at = $8
