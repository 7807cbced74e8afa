-- The payment of an order.
select order_id, account_id, kind, method_id, amount_minor, currency, from_balance_minor, paid_at
from payments where order_id = $1 and account_id = $2
