-- A paid span of an account's service. Another account's service is none, and the key refuses that. (An `insert` from a
-- `select` would go through a temporary table, as there are triggers.)
insert into extensions (service_id, from_date, until_date, order_id)
values ((select id from services where id = $1 and account_id = $2), $3, $4, $5)
