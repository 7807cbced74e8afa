-- differs: by sets.
-- Services as they are from now on, with new expiries. A cancelled one is never extended: nothing to write of that.
update services set display_name = new.display_name, mode = new.mode, period = new.period, hold = new.hold,
    open_order_id = new.open_order_id, until_date = new.until_date, anchor_day = new.anchor_day,
    version = services.version + 1
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[])
    as new (display_name, mode, period, hold, open_order_id, until_date, anchor_day, id, account_id, version)
where services.account_id = new.account_id and services.id = new.id and services.version = new.version
