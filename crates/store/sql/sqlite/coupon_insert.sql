-- A new coupon; without an id it gets the next one.
insert into coupons (id, account_id, amount_minor, currency, expires_at, used_by) values ($1, $2, $3, $4, $5, $6)
returning id
