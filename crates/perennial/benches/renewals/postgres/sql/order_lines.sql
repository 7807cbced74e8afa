insert into order_lines (account_id, order_id, position, service_id, service_name, description, period, from_date,
    until_date, list_minor, net_minor, tax_minor)
select account_id, order_id, 1, service_id, name, 'vps', 'P1M', from_date, until_date, $7::bigint, $7, $8::bigint
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[])
    as made (account_id, order_id, service_id, name, from_date, until_date)
