-- The payment link with a secret, whoever has it.
select order_id, account_id, token, created_at, views, viewed_at from payment_links where token = $1
