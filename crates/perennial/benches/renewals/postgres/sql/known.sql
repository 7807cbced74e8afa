-- How many of these tokens were used before.
select count(*) from unnest($1::bigint[], $2::text[], $3::text[]) as asked (account_id, operation, token)
join replays using (account_id, operation, token)
