-- differs: by sets, and the row carries its account.
-- Each service's renewal, or first term, in an order.
insert into order_lines (account_id, order_id, position, service_id, service_name, description, period, from_date,
    until_date, list_minor, net_minor, tax_minor)
select (select orders.account_id from orders where orders.id = line.order_id), line.*
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[]) as line (order_id)
