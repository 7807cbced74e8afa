-- What a webhook was told, or is to be, newest first.
select deliveries.event_id, events.kind, deliveries.noted_at, deliveries.tries, deliveries.next_at,
    deliveries.delivered_at, deliveries.given_up_at, deliveries.answer
from deliveries join events on events.id = deliveries.event_id
where deliveries.webhook_id = $1 order by deliveries.noted_at desc limit $2
