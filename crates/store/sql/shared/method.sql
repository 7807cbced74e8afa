-- A payment method of an account.
select id, account_id, kind, label, description, status, preference, expires_on, created_at
from methods where id = $1 and account_id = $2
