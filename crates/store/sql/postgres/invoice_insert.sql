-- differs: by sets.
-- New originals and credit notes.
insert into invoices (id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor,
    tax_minor, gross_minor)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[])
