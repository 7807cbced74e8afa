-- Takes what is due for a while, what waits longest first; what is for a webhook that is called just now is left.
update deliveries set next_at = $1
where (event_id, webhook_id) in (
    select event_id, webhook_id from deliveries
    where next_at <= $2 and replace($3, ' ' || webhook_id || ' ', '') = $3
    order by next_at limit $4
)
returning event_id, webhook_id, tries
