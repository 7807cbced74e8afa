update orders set state = 'fulfilled', settled_at = $3::bigint
from unnest($1::bigint[], $2::bigint[]) as made (account_id, id)
where orders.account_id = made.account_id and orders.id = made.id
