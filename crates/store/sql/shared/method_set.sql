-- A payment method as it is from now on.
update methods set label = $1, description = $2, status = $3, preference = $4, expires_on = $5
where id = $6 and account_id = $7
