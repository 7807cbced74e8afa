-- A program that is told of events.
insert into webhooks (id, url, account_id, kinds, secret_sealed, created_at)
values ($1, $2, $3, $4, $5, $6)
