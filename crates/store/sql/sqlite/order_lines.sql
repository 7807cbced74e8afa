-- The lines of an order. A paid one says what was in fact extended.
select order_lines.service_id, service_name, description, period,
    coalesce(extensions.from_date, order_lines.from_date), coalesce(extensions.until_date, order_lines.until_date),
    list_minor, net_minor, tax_minor
from order_lines
left join extensions on extensions.service_id = order_lines.service_id and extensions.order_id = order_lines.order_id
where order_lines.order_id = $1 order by position
