-- The credential whose owner is asked by this link.
select id, dialect, application_id, account_id, digest, label, status, rules, allowed_ips, redirection,
    approval_digest, created_at, expires_at, last_used_at
from credentials where approval_digest = $1
