-- A new service; without an id it gets the next one. Does nothing where the id or the name is taken.
insert into services (id, account_id, product_id, kind, parent_id, name, display_name, created_on, until_date,
    anchor_day, mode, period, hold, open_order_id, facts, version, cancelled_at, cancel_reason, cancel_ending,
    mode_before)
select $1, $2, id, kind, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
from products where id = $19
on conflict do nothing
