insert into replays (account_id, operation, token, digest, answer, order_id, keep_until)
select account_id, $4::text, token, $5::bytea, $6::text, order_id, $7::bigint
from unnest($1::bigint[], $2::text[], $3::bigint[]) as made (account_id, token, order_id)
