-- Full listing: all products.
select id, code, name, kind, renewability, grace_days, suspension_days, ahead_months_max, facts,
    redemption_days, redemption_fees
from products
