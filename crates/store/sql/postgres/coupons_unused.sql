-- differs: as a subquery of its own, the order is looked up by its key whatever the planner knows of the table.
-- The coupons of an account that no paid order used.
select id, account_id, amount_minor, currency, expires_at, used_by
from coupons
where account_id = $1
    and coalesce((select orders.state <> 'fulfilled' from orders where orders.id = coupons.used_by), true)
order by id
