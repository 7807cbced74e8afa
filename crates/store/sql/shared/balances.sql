-- What an account has and owes.
select currency,
    coalesce((select balance_after_minor from transfers
        where account_id = accounts.id and balance_after_minor is not null order by id desc limit 1), 0),
    coalesce((select receivable_after_minor from transfers
        where account_id = accounts.id and receivable_after_minor is not null order by id desc limit 1), 0)
from accounts where id = $1
