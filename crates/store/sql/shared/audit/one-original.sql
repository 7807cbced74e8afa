-- A fulfilled order has one original invoice that says what the order says; no other order has one.
select 'order ' || orders.id || ' is fulfilled, but has no original invoice'
from orders left join invoices on invoices.order_id = orders.id and invoices.kind = 'original'
where orders.state = 'fulfilled' and invoices.id is null
union all
select 'order ' || invoices.order_id || ' has ' || count(*) || ' original invoices'
from invoices where kind = 'original' group by order_id having count(*) > 1
union all
select 'invoice ' || invoices.id || ' does not say what order ' || orders.id || ' says'
from invoices join orders on orders.id = invoices.order_id
where invoices.kind = 'original' and (invoices.net_minor <> orders.net_minor
    or invoices.tax_minor <> orders.tax_minor or invoices.gross_minor <> orders.gross_minor
    or invoices.currency <> orders.currency or invoices.account_id <> orders.account_id)
union all
select 'invoice ' || invoices.id || ' is about order ' || invoices.order_id || ', which is not fulfilled'
from invoices left join orders on orders.id = invoices.order_id
where orders.id is null or orders.state <> 'fulfilled'
