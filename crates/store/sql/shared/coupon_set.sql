-- A coupon that was not used yet.
update coupons set account_id = $1, amount_minor = $2, currency = $3, expires_at = $4 where id = $5 and used_by is null
