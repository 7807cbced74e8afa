-- A new charge.
insert into charges (id, account_id, order_id, method_id, direction, amount_minor, currency, from_balance_minor, origin,
    again_on, opened_at, reference, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
