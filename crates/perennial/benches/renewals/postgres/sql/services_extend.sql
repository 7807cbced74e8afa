update services set display_name = null, mode = 'automatic', period = 'P1M', hold = 'none', open_order_id = null,
    until_date = made.until_date, anchor_day = made.anchor_day, version = services.version + 1
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
    as made (account_id, id, version, until_date, anchor_day)
where services.account_id = made.account_id and services.id = made.id and services.version = made.version + 1
