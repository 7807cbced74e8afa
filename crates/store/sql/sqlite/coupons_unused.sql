-- The coupons of an account that no paid order used.
select id, account_id, amount_minor, currency, expires_at, used_by
from coupons
where account_id = $1
    and not exists (select 1 from orders where orders.id = coupons.used_by and orders.state = 'fulfilled')
order by id
