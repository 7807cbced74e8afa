-- The transfers that moved an account's balance in a span.
select id, account_id, debit, credit, amount_minor, currency, order_id, booked_at, memo
from transfers
where account_id = $1 and balance_after_minor is not null and booked_at between $2 and $3 order by id
