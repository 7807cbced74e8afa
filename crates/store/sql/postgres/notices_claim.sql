-- differs: what another node is just claiming is left to it; and a plan for any limit would scan the table.
-- Claims notices that have not left, do not wait, and are not another node's: those that were not tried yet come first.
update notices set claimed_by = $1, claimed_until = $2
where id = any (array(
    select id from notices
    where sent_at is null and next_at <= $3 and (claimed_by is null or claimed_by = $1 or claimed_until <= $3)
    order by next_at, id limit $4
    for update skip locked
))
returning id, account_id, kind, service_id, order_id, method_id, name, token, until_date, on_date, reason, caused_at, tries
