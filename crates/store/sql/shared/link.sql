-- The payment link of an order.
select order_id, account_id, token, created_at, views, viewed_at
from payment_links where order_id = $1 and account_id = $2
