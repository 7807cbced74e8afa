-- A payment method of an account.
select id, account_id, kind, label, description, status, preference, expires_on, created_at,
    gateway, gateway_customer, gateway_method
from methods where id = $1 and account_id = $2
