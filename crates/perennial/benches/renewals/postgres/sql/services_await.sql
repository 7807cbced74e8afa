update services set display_name = null, mode = 'automatic', period = 'P1M', hold = 'none',
    open_order_id = made.order_id, cancelled_at = null, cancel_reason = null, cancel_ending = null, mode_before = null,
    version = services.version + 1
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as made (account_id, id, version, order_id)
where services.account_id = made.account_id and services.id = made.id and services.version = made.version
