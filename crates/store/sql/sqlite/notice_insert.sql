-- A message to leave after the commit.
insert into notices (account_id, kind, service_id, order_id, method_id, name, token, until_date, on_date, reason, caused_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
