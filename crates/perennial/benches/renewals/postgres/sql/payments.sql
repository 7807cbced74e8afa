insert into payments (order_id, account_id, kind, method_id, amount_minor, currency, from_balance_minor, paid_at)
select order_id, account_id, 'paypal', method_id, $4::bigint, 'EUR', 0, $5::bigint
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as made (order_id, account_id, method_id)
