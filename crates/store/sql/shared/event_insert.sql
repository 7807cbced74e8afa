-- What webhooks are told.
insert into events (id, account_id, kind, body, noted_at) values ($1, $2, $3, $4, $5)
