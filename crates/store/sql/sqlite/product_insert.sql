-- A new product; without an id it gets the next one.
insert into products (id, code, name, kind, renewability, grace_days, suspension_days, ahead_months_max, facts,
    redemption_days, redemption_fees)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
returning id
