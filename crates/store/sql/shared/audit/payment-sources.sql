-- What paid for an order came from the balance as far as its payment says, and the rest from the book of its kind.
select 'order ' || paid.order_id || ' took ' || coalesce(taken.from_balance, 0) || ' from the balance and '
    || coalesce(taken.from_kind, 0) || ' from the book of its kind, but its payment says ' || paid.from_balance
    || ' and ' || paid.from_kind
from (
    select orders.id as order_id,
        coalesce(case payments.kind when 'balance' then payments.amount_minor else payments.from_balance_minor end, 0)
            as from_balance,
        coalesce(case payments.kind when 'balance' then 0 else payments.amount_minor - payments.from_balance_minor end,
            0) as from_kind
    from orders left join payments on payments.order_id = orders.id
) paid left join (
    select transfers.order_id,
        sum(case when transfers.debit = 'balance' then transfers.amount_minor else 0 end) as from_balance,
        sum(case when payments.kind <> 'balance' and transfers.debit
            = case payments.kind when 'credit-line' then 'receivable' else 'collected-' || payments.kind end
            then transfers.amount_minor else 0 end) as from_kind
    from transfers left join payments on payments.order_id = transfers.order_id
    group by transfers.order_id
) taken on taken.order_id = paid.order_id
where coalesce(taken.from_balance, 0) <> paid.from_balance or coalesce(taken.from_kind, 0) <> paid.from_kind
