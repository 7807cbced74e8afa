-- differs: by sets.
-- Nonces that are used up.
insert into nonces (application_id, digest, keep_until) select * from unnest($1::bigint[], $2::bytea[], $3::bigint[])
