-- A protected price.
insert into service_prices (service_id, currency, period, position, net_minor) values ($1, $2, $3, $4, $5)
