-- differs: the row carries its account.
-- A protected price.
insert into service_prices (account_id, service_id, currency, period, position, net_minor)
values ((select account_id from services where id = $1), $1, $2, $3, $4, $5)
