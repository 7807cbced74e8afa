-- A coupon that was not used yet.
update coupons set amount_minor = $1, currency = $2, expires_at = $3
where id = $4 and account_id = $5 and used_by is null
