-- A changed product. Its services carry its kind, so the kind stays.
update products set code = $1, name = $2, renewability = $3, grace_days = $4, suspension_days = $5,
    ahead_months_max = $6, facts = $7, redemption_days = $8, redemption_fees = $9
where id = $10 and kind = $11
