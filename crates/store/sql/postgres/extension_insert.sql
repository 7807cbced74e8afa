-- differs: the row carries its account.
-- A paid span of an account's service. Another account's service is none, and a trigger refuses that.
insert into extensions (service_id, account_id, from_date, until_date, order_id) values ($1, $2, $3, $4, $5)
