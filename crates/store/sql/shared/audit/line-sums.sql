-- The lines of an order add up to it.
select 'the lines of order ' || orders.id || ' come to ' || coalesce(sum(order_lines.net_minor), 0) || ' and '
    || coalesce(sum(order_lines.tax_minor), 0) || ' of tax, but the order says ' || orders.net_minor || ' and '
    || orders.tax_minor
from orders left join order_lines on order_lines.order_id = orders.id
group by orders.id, orders.net_minor, orders.tax_minor
having coalesce(sum(order_lines.net_minor), 0) <> orders.net_minor
    or coalesce(sum(order_lines.tax_minor), 0) <> orders.tax_minor
