-- differs: as a subquery of its own, the order is looked up by its key whatever the planner knows of the table.
-- A coupon lowers an order, unless it lowered a paid one. (Orders that are still open are the rules' to ask.)
update coupons set used_by = $1
where id = $2 and account_id = $3
    and coalesce((select orders.state <> 'fulfilled' from orders where orders.id = coupons.used_by), true)
