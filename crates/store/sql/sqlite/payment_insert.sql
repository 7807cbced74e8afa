-- The payment of an order.
insert into payments (order_id, account_id, kind, method_id, amount_minor, currency, from_balance_minor, paid_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
