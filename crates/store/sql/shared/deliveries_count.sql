-- How many deliveries to a webhook wait, arrived and were given up.
select count(next_at), count(delivered_at), count(given_up_at) from deliveries where webhook_id = $1
