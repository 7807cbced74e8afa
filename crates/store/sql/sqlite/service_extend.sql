-- A service as it is from now on, with a new expiry. A cancelled one is never extended: nothing to write of that.
update services set display_name = $1, mode = $2, period = $3, hold = $4, open_order_id = $5, until_date = $6,
    anchor_day = $7, version = version + 1
where id = $8 and account_id = $9 and version = $10
