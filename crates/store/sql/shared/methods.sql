-- The payment methods of an account.
select id, account_id, kind, label, description, status, preference, expires_on, created_at,
    gateway, gateway_customer, gateway_method
from methods where account_id = $1 order by id
