-- A coupon lowers an order, unless it lowered a paid one. (Orders that are still open are the rules' to ask.)
update coupons set used_by = $1
where id = $2 and account_id = $3
    and not exists (select 1 from orders where orders.id = coupons.used_by and orders.state = 'fulfilled')
