-- An order's payment link, new or opened once more; its secret stays.
insert into payment_links (order_id, account_id, token, created_at, views, viewed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (order_id) do update set views = excluded.views, viewed_at = excluded.viewed_at
where payment_links.account_id = excluded.account_id and payment_links.token = excluded.token
