-- Each line of a fulfilled order extended its service once; nothing else did.
select 'order ' || orders.id || ' is fulfilled, but has not extended service ' || order_lines.service_id
from orders join order_lines on order_lines.order_id = orders.id
where orders.state = 'fulfilled' and not exists (
    select 1 from extensions
    where extensions.service_id = order_lines.service_id and extensions.order_id = orders.id
)
union all
select 'order ' || order_id || ' has extended service ' || service_id || ' ' || count(*) || ' times'
from extensions group by order_id, service_id having count(*) > 1
union all
select 'service ' || extensions.service_id || ' was extended from ' || extensions.from_date || ' by order '
    || extensions.order_id || ', which was not fulfilled for it'
from extensions
where not exists (
    select 1 from orders join order_lines on order_lines.order_id = orders.id
    where orders.id = extensions.order_id and orders.state = 'fulfilled'
        and order_lines.service_id = extensions.service_id
)
