-- differs: by sets.
-- New charges.
insert into charges (id, account_id, order_id, method_id, direction, amount_minor, currency, from_balance_minor, origin,
    again_on, opened_at, reference, state)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::text[],
    $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[])
