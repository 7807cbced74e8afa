insert into invoices (id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor,
    tax_minor, gross_minor)
select number, account_id, 'original', null, 'INV', number, order_id, $4::bigint, 'EUR', $5::bigint, $6::bigint,
    $5 + $6
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as made (account_id, order_id, number)
