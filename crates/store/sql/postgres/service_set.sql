-- differs: by sets.
-- Services as they are from now on, with the expiries they had: leaves the index on the expiry alone.
update services set display_name = new.display_name, mode = new.mode, period = new.period, hold = new.hold,
    open_order_id = new.open_order_id, cancelled_at = new.cancelled_at, cancel_reason = new.cancel_reason,
    cancel_ending = new.cancel_ending, mode_before = new.mode_before, version = services.version + 1
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[])
    as new (display_name, mode, period, hold, open_order_id, cancelled_at, cancel_reason, cancel_ending, mode_before,
        until_date, id, account_id, version)
where services.account_id = new.account_id and services.id = new.id and services.version = new.version
    and services.until_date = new.until_date
