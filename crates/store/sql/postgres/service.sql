-- differs: the key leads with the account.
-- A service of an account; first, whether it has protected prices.
select exists (select 1 from service_prices
        where service_prices.account_id = services.account_id and service_prices.service_id = services.id),
    id, account_id, product_id, parent_id, name, display_name, created_on, until_date, anchor_day, mode, period, hold,
    open_order_id, facts, version, cancelled_at, cancel_reason, cancel_ending, mode_before
from services where id = $1 and account_id = $2
