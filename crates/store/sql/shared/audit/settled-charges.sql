-- What charges moved is in the books: what one collected has paid its order or is on the balance, and what one gave back
-- was collected before and was taken back. Nothing else went back another way than to the balance.
select 'charge ' || charges.id || ' has collected ' || charges.amount_minor || ' ' || charges.currency
    || ', which is not what paid order ' || charges.order_id
from charges left join payments
    on payments.order_id = charges.order_id and payments.account_id = charges.account_id
    and payments.method_id = charges.method_id and payments.currency = charges.currency
    and payments.from_balance_minor = charges.from_balance_minor
    and payments.amount_minor - payments.from_balance_minor = charges.amount_minor
where charges.state = 'settled' and charges.direction = 'collect' and payments.order_id is null
union all
select 'charge ' || charges.id || ' has collected ' || charges.amount_minor || ' ' || charges.currency
    || ' too late for order ' || charges.order_id || case when payments.order_id is null
        then ', and that is not on the balance' else ', which is paid' end
from charges join methods on methods.id = charges.method_id
left join transfers on transfers.order_id = charges.order_id and transfers.account_id = charges.account_id
    and transfers.debit = 'collected-' || methods.kind and transfers.credit = 'balance'
    and transfers.amount_minor = charges.amount_minor and transfers.currency = charges.currency
left join payments on payments.order_id = charges.order_id
where charges.state = 'credited' and (transfers.id is null or payments.order_id is not null)
union all
select 'charge ' || refund.id || ' gives back ' || refund.amount_minor || ' ' || refund.currency
    || ', which no charge collected for order ' || refund.order_id
from charges refund left join charges collected
    on collected.order_id = refund.order_id and collected.state = 'settled' and collected.direction = 'collect'
    and collected.account_id = refund.account_id and collected.method_id = refund.method_id
    and collected.currency = refund.currency and collected.amount_minor >= refund.amount_minor
where refund.direction = 'refund' and refund.state <> 'declined' and collected.id is null
union all
select 'order ' || order_id || ' had ' || sum(refunded) || ' given back by charges, but ' || sum(booked)
    || ' went back to the book `' || book || '`'
from (
    select charges.order_id, 'collected-' || methods.kind as book, charges.amount_minor as refunded, 0 as booked
    from charges join methods on methods.id = charges.method_id
    where charges.direction = 'refund' and charges.state = 'settled'
    union all
    select order_id, credit, 0, amount_minor from transfers
    where debit in ('revenue', 'tax') and credit <> 'balance' and order_id is not null
) entries
group by order_id, book having sum(refunded) <> sum(booked)
