-- A service whose first term is not paid names the order that is to pay it, and was never extended.
select 'service ' || id || ' is not paid, but names no order that is to pay it'
from services where hold = 'unpaid' and open_order_id is null
union all
select 'service ' || services.id || ' is not paid, but order ' || extensions.order_id || ' has extended it'
from services join extensions on extensions.service_id = services.id where services.hold = 'unpaid'
