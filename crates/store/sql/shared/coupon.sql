-- A coupon, whoever has it.
select id, account_id, amount_minor, currency, expires_at, used_by from coupons where id = $1
