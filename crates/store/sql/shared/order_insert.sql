-- A new order.
insert into orders (id, account_id, state, origin, period, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
