-- Debits and credits are equal in each currency, and an account's books are in its currency.
select 'the books in ' || currency || ' are off by ' || sum(amount)
from (
    select currency, amount_minor as amount from transfers where debit <> ''
    union all
    select currency, -amount_minor from transfers where credit <> ''
) entries
group by currency having sum(amount) <> 0
union all
select 'transfer ' || transfers.id || ' is in ' || transfers.currency || ', but account ' || accounts.id || ' is in '
    || accounts.currency
from transfers join accounts on accounts.id = transfers.account_id
where transfers.currency <> accounts.currency
