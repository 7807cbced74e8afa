-- A service's master data. Whose it is, when it began and what was paid for stays.
update services set product_id = $1, kind = (select kind from products where id = $1), parent_id = $2, name = $3,
    display_name = $4, mode = $5, period = $6, facts = $7, cancelled_at = $8, cancel_reason = $9, cancel_ending = $10,
    mode_before = $11, version = version + 1
where id = $12
