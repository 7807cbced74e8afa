-- differs: by sets.
-- Messages to leave after the commit.
insert into notices (account_id, kind, service_id, order_id, method_id, name, token, until_date, on_date, reason, caused_at)
select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::bigint[])
