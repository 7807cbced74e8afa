-- The open order of a service is open, of its account, and renews it.
select 'service ' || services.id || ' names order ' || services.open_order_id || ' as open, which it is not'
from services left join orders
    on orders.id = services.open_order_id and orders.state = 'open' and orders.account_id = services.account_id
where services.open_order_id is not null and orders.id is null
union all
select 'service ' || services.id || ' names order ' || services.open_order_id || ', which does not renew it'
from services left join order_lines
    on order_lines.order_id = services.open_order_id and order_lines.service_id = services.id
where services.open_order_id is not null and order_lines.order_id is null
