-- The sums that transfers carry are the sums of the transfers, and none is below zero.
select 'transfer ' || id || ' says that account ' || account_id || ' has ' || said || ', but it has ' || adds_up
from (
    select id, account_id, balance_after_minor as said,
        sum(case when credit = 'balance' then amount_minor else -amount_minor end)
            over (partition by account_id order by id) as adds_up
    from transfers where credit = 'balance' or debit = 'balance'
) balance
where said is null or said <> adds_up or said < 0
union all
select 'transfer ' || id || ' says that account ' || account_id || ' owes ' || said || ', but it owes ' || adds_up
from (
    select id, account_id, receivable_after_minor as said,
        sum(case when debit = 'receivable' then amount_minor else -amount_minor end)
            over (partition by account_id order by id) as adds_up
    from transfers where credit = 'receivable' or debit = 'receivable'
) receivable
where said is null or said <> adds_up or said < 0
