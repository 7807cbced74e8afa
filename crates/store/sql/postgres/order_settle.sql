-- differs: by sets.
-- The new states of orders; a trigger holds that they were open.
update orders set state = settled.state, settled_at = settled.at
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as settled (state, at, id, account_id)
where orders.account_id = settled.account_id and orders.id = settled.id
