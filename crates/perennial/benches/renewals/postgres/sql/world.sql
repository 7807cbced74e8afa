-- As many services more of an account in turn, each as the first one is but for its name and expiry. Nothing is looked
-- up for them: what they name is what the first one names.
insert into services (id, account_id, product_id, kind, parent_id, name, display_name, created_on, until_date,
    anchor_day, mode, period, hold, open_order_id, facts, version, cancelled_at, cancel_reason, cancel_ending,
    mode_before)
select next.id, (next.id - 1) % $1::bigint + 1, product_id, kind, parent_id,
    'vps' || lpad(next.id::text, greatest(8, length(next.id::text)), '0') || '.bench.example',
    display_name, created_on, next.until::text, extract(day from next.until), mode, period, hold, open_order_id, facts,
    version, cancelled_at, cancel_reason, cancel_ending, mode_before
from services first, (
    select id, ($3::text[])[1 + (id % cardinality($3::text[]))::integer]::date as until
    from generate_series(2, $2::bigint) id
) next
where first.id = 1
