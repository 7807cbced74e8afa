-- The credential of a dialect whose secret has this digest.
select id, dialect, application_id, account_id, digest, label, status, rules, allowed_ips, redirection,
    approval_digest, created_at, expires_at, last_used_at
from credentials where digest = $1 and dialect = $2
