-- A webhook is to be told of an event.
insert into deliveries (event_id, webhook_id, noted_at, tries, next_at) values ($1, $2, $3, 0, $3)
