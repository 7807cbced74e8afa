-- differs: by sets; and as a subquery of its own, the order is looked up by its key whatever the planner knows of the
-- table.
-- Coupons lower orders, unless they lowered paid ones. (Orders that are still open are the rules' to ask.)
update coupons set used_by = use.order_id
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as use (order_id, id, account_id)
where coupons.account_id = use.account_id and coupons.id = use.id
    and coalesce((select orders.state <> 'fulfilled' from orders where orders.id = coupons.used_by), true)
