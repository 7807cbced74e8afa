-- An order of an account.
select id, account_id, state, settled_at, origin, period, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor
from orders where id = $1 and account_id = $2
