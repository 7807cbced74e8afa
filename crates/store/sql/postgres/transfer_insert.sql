-- differs: by sets.
-- Amounts from book to book, in order. Where a book of the account is touched, its new sum follows from its last row
-- and from the rows before this one.
insert into transfers (account_id, debit, credit, amount_minor, currency, order_id, booked_at, memo,
    balance_after_minor, receivable_after_minor)
select account_id, debit, credit, amount, currency, order_id, booked_at, memo,
    case when 'balance' in (debit, credit) then
        coalesce((select balance_after_minor from transfers
            where transfers.account_id = new.account_id and balance_after_minor is not null order by id desc limit 1), 0)
        + sum(case 'balance' when credit then amount when debit then -amount end)
            over (partition by account_id order by n)
    end,
    case when 'receivable' in (debit, credit) then
        coalesce((select receivable_after_minor from transfers
            where transfers.account_id = new.account_id and receivable_after_minor is not null order by id desc limit 1), 0)
        + sum(case 'receivable' when debit then amount when credit then -amount end)
            over (partition by account_id order by n)
    end
from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
    with ordinality as new (account_id, debit, credit, amount, currency, order_id, booked_at, memo, n)
order by n
