-- Until when a used nonce is remembered.
select keep_until from nonces where application_id = $1 and digest = $2
