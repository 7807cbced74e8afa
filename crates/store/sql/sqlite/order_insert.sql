-- A new order.
insert into orders (id, account_id, state, origin, purpose, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
