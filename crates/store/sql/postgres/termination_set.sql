-- differs: the key leads with the account.
-- A termination that waits for its token; takes the place of an earlier one.
insert into terminations (service_id, account_id, token_digest, until_date, requested_at)
select id, account_id, $1, $2, $3 from services where id = $4 and account_id = $5
on conflict (account_id, service_id) do update set token_digest = excluded.token_digest,
    until_date = excluded.until_date, requested_at = excluded.requested_at
