-- The payment method of an account, by what it shows of itself.
select id, account_id, kind, label, description, status, preference, expires_on, created_at,
    gateway, gateway_customer, gateway_method
from methods where account_id = $1 and kind = $2 and label = $3
