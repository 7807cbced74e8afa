-- An order of an account.
select id, account_id, state, settled_at, origin, purpose, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm
from orders where id = $1 and account_id = $2
