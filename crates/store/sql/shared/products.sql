-- Full listing: all products.
select id, code, name, kind, renewability, grace_days, suspension_days, ahead_months_max, facts from products
