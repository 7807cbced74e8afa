-- The charges of an order of an account.
select id, account_id, order_id, method_id, direction, amount_minor, currency, from_balance_minor, origin, again_on,
    opened_at, reference, state, settled_at, decline
from charges where order_id = $1 and account_id = $2 order by id
