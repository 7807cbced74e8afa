-- differs: the key leads with the account.
-- The services of an order of an account; first, whether each has protected prices.
select exists (select 1 from service_prices
        where service_prices.account_id = services.account_id and service_prices.service_id = services.id),
    services.id, services.account_id, services.product_id, services.parent_id, services.name, services.display_name,
    services.created_on, services.until_date, services.anchor_day, services.mode, services.period, services.hold,
    services.open_order_id, services.facts, services.version, services.cancelled_at, services.cancel_reason,
    services.cancel_ending, services.mode_before
from order_lines
join services on services.account_id = order_lines.account_id and services.id = order_lines.service_id
where order_lines.order_id = $1 and order_lines.account_id = $2 order by order_lines.position
