-- An amount from book to book. Where a book of the account is touched, its new sum follows from its last row.
insert into transfers (account_id, debit, credit, amount_minor, currency, order_id, booked_at, memo,
    balance_after_minor, receivable_after_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8,
    case when 'balance' in ($2, $3) then
        coalesce((select balance_after_minor from transfers
            where account_id = $1 and balance_after_minor is not null order by id desc limit 1), 0)
        + case when $3 = 'balance' then $4 else -$4 end
    end,
    case when 'receivable' in ($2, $3) then
        coalesce((select receivable_after_minor from transfers
            where account_id = $1 and receivable_after_minor is not null order by id desc limit 1), 0)
        + case when $2 = 'receivable' then $4 else -$4 end
    end)
