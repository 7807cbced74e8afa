-- differs: by sets.
-- Credentials were used.
update credentials set last_used_at = touched.at from unnest($1::bigint[], $2::bigint[]) as touched (at, id)
where credentials.id = touched.id
