-- No order stands that would renew a service which is gone.
select 'service ' || id || ' is gone, but names order ' || open_order_id || ' as open'
from services where hold = 'terminated' and open_order_id is not null
