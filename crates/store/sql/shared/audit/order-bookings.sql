-- What was booked for an order is its gross, as sold or, for a deposit, as balance, and what charges collected that could
-- not pay it; what was taken back is its credit note.
select 'order ' || orders.id || ' comes to ' || orders.gross_minor || ' ' || orders.currency || ', but '
    || coalesce(booked.sold, 0) || ' were booked as sold and ' || coalesce(booked.deposited, 0) || ' as balance'
from orders left join (
    select order_id, sum(case when credit in ('revenue', 'tax') then amount_minor else 0 end) as sold,
        sum(case when credit = 'balance' and debit not in ('revenue', 'tax') then amount_minor else 0 end) as deposited
    from transfers group by order_id
) booked on booked.order_id = orders.id
left join (
    select order_id, sum(amount_minor) as amount from charges where state = 'credited' group by order_id
) kept on kept.order_id = orders.id
where coalesce(booked.sold, 0)
        <> case when orders.state = 'fulfilled' and orders.purpose <> 'deposit' then orders.gross_minor else 0 end
    or coalesce(booked.deposited, 0)
        <> case when orders.state = 'fulfilled' and orders.purpose = 'deposit' then orders.gross_minor else 0 end
            + coalesce(kept.amount, 0)
union all
select 'order ' || orders.id || ' has credit notes of ' || coalesce(credited.amount, 0) || ' ' || orders.currency
    || ', but ' || coalesce(booked.taken_back, 0) || ' were booked back'
from orders left join (
    select order_id, sum(case when debit in ('revenue', 'tax') then amount_minor else 0 end) as taken_back
    from transfers group by order_id
) booked on booked.order_id = orders.id
left join (
    select order_id, -sum(gross_minor) as amount from invoices where kind = 'credit-note' group by order_id
) credited on credited.order_id = orders.id
where coalesce(booked.taken_back, 0) <> coalesce(credited.amount, 0)
