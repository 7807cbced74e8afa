-- The lines of an order add up to it. A deposit has none: it is all net, and without tax.
select 'the lines of order ' || orders.id || ' come to ' || coalesce(sum(order_lines.net_minor), 0) || ' and '
    || coalesce(sum(order_lines.tax_minor), 0) || ' of tax, but the order says ' || orders.net_minor || ' and '
    || orders.tax_minor
from orders left join order_lines on order_lines.order_id = orders.id
where orders.purpose <> 'deposit'
group by orders.id, orders.net_minor, orders.tax_minor
having coalesce(sum(order_lines.net_minor), 0) <> orders.net_minor
    or coalesce(sum(order_lines.tax_minor), 0) <> orders.tax_minor
union all
select 'order ' || id || ' is a deposit of ' || gross_minor || ' ' || currency || ', but says ' || net_minor || ' and '
    || tax_minor || ' of tax'
from orders where purpose = 'deposit' and (net_minor <> gross_minor or tax_minor <> 0)
union all
select 'order ' || orders.id || ' is a deposit, but has a line for service ' || order_lines.service_id
from orders join order_lines on order_lines.order_id = orders.id where orders.purpose = 'deposit'
