-- A payment method as it is from now on.
update methods set label = $1, description = $2, status = $3, preference = $4, expires_on = $5,
    gateway = $6, gateway_customer = $7, gateway_method = $8
where id = $9 and account_id = $10
