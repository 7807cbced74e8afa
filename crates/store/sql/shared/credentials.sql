-- The credentials that act for an account.
select id, dialect, application_id, account_id, digest, label, status, rules, allowed_ips, redirection,
    approval_digest, created_at, expires_at, last_used_at
from credentials where account_id = $1 order by id
