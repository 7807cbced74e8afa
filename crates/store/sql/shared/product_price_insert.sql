-- A list price.
insert into product_prices (product_id, currency, period, position, net_minor) values ($1, $2, $3, $4, $5)
