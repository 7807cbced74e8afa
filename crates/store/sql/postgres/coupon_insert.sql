-- differs: the next id is not made by itself, and writers take turns.
-- A new coupon; without an id it gets the next one.
insert into coupons (id, account_id, amount_minor, currency, expires_at, used_by)
values (coalesce($1, (select coalesce(max(id), 0) + 1 from coupons)), $2, $3, $4, $5, $6)
returning id
