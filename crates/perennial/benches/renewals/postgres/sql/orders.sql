insert into orders (id, account_id, state, settled_at, origin, purpose, promo, placed_at, lapses_at, password, currency,
    net_minor, tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm)
select id, account_id, 'open', null, 'customer', 'renewal', null, $4::bigint, $4 + 86400000000, password, 'EUR',
    $5::bigint, $6::bigint, $5 + $6, 1, null, 0, 'standard', 200000
from unnest($1::bigint[], $2::bigint[], $3::text[]) as made (id, account_id, password)
