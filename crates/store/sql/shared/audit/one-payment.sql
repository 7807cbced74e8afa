-- A fulfilled order has one payment, of its gross; no other order has one.
select 'order ' || orders.id || ' is fulfilled, but was never paid'
from orders left join payments on payments.order_id = orders.id
where orders.state = 'fulfilled' and payments.order_id is null
union all
select 'order ' || orders.id || ' comes to ' || orders.gross_minor || ' ' || orders.currency || ', but '
    || payments.amount_minor || ' ' || payments.currency || ' were paid'
from payments join orders on orders.id = payments.order_id
where payments.amount_minor <> orders.gross_minor or payments.currency <> orders.currency
    or payments.account_id <> orders.account_id
union all
select 'order ' || payments.order_id || ' was paid, but is not fulfilled'
from payments left join orders on orders.id = payments.order_id
where orders.id is null or orders.state <> 'fulfilled'
