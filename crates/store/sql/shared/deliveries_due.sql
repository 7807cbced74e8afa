-- Whether there is something to deliver that is not for a webhook that is called just now.
select 1 from deliveries where next_at <= $1 and replace($2, ' ' || webhook_id || ' ', '') = $2 limit 1
