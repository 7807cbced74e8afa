-- A nonce that is used up.
insert into nonces (application_id, digest, keep_until) values ($1, $2, $3)
