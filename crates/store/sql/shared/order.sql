-- An order of an account, and the charge that it waits for.
select id, account_id, state, settled_at, origin, purpose, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm,
    (select charges.id from charges
        where charges.account_id = orders.account_id and charges.order_id = orders.id and charges.state = 'open')
        as charge_id
from orders where id = $1 and account_id = $2
