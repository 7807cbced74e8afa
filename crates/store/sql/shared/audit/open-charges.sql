-- An open charge collects what an open order comes to, or gives money back for a paid one.
select 'charge ' || charges.id || ' is open, and is to ' || charges.direction || ' money for order ' || charges.order_id
    || ', which is ' || coalesce(orders.state, 'not there')
from charges left join orders on orders.id = charges.order_id and orders.account_id = charges.account_id
where charges.state = 'open'
    and coalesce(orders.state, '') <> case charges.direction when 'collect' then 'open' else 'fulfilled' end
union all
select 'charge ' || charges.id || ' is to collect ' || charges.amount_minor || ' beside ' || charges.from_balance_minor
    || ' from the balance, but order ' || orders.id || ' comes to ' || orders.gross_minor
from charges join orders on orders.id = charges.order_id
where charges.state = 'open' and charges.direction = 'collect'
    and (charges.amount_minor + charges.from_balance_minor <> orders.gross_minor
        or charges.currency <> orders.currency)
