-- differs: by sets.
-- The payments of orders.
insert into payments (order_id, account_id, kind, method_id, amount_minor, currency, from_balance_minor, paid_at)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[],
    $8::bigint[])
