-- A credential, new or changed; what it is made of and given to stays.
insert into credentials (id, dialect, application_id, account_id, digest, label, status, rules, allowed_ips,
    redirection, approval_digest, created_at, expires_at, last_used_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (id) do update set account_id = excluded.account_id, label = excluded.label, status = excluded.status,
    rules = excluded.rules, allowed_ips = excluded.allowed_ips, redirection = excluded.redirection,
    approval_digest = excluded.approval_digest, expires_at = excluded.expires_at, last_used_at = excluded.last_used_at
where credentials.digest = excluded.digest and credentials.dialect = excluded.dialect
