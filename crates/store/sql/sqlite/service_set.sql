-- A service as it is from now on, with the expiry it had: leaves the index on the expiry alone.
update services set display_name = $1, mode = $2, period = $3, hold = $4, open_order_id = $5, cancelled_at = $6,
    cancel_reason = $7, cancel_ending = $8, mode_before = $9, version = version + 1
where until_date = $10 and id = $11 and account_id = $12 and version = $13
