-- A remembered reply.
select digest, answer, order_id, keep_until from replays where account_id = $1 and operation = $2 and token = $3
