-- differs: the key leads with the account.
-- The lines of an order. A paid one says what was in fact extended.
select order_lines.service_id, service_name, description, period,
    coalesce(extensions.from_date, order_lines.from_date), coalesce(extensions.until_date, order_lines.until_date),
    list_minor, net_minor, tax_minor
from order_lines
left join extensions on extensions.account_id = order_lines.account_id
    and extensions.service_id = order_lines.service_id and extensions.order_id = order_lines.order_id
where order_lines.account_id = (select account_id from orders where id = $1) and order_lines.order_id = $1
order by position
