-- differs: by sets.
-- New orders.
insert into orders (id, account_id, state, origin, purpose, promo, placed_at, lapses_at, password, currency, net_minor,
    tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[],
    $16::bigint[], $17::text[], $18::bigint[])
