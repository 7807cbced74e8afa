-- A service as it is from now on, with the expiry it had: leaves the index on the expiry alone.
update services set display_name = $1, mode = $2, period = $3, hold = $4, open_order_id = $5, version = version + 1
where until_date = $6 and id = $7 and account_id = $8 and version = $9
