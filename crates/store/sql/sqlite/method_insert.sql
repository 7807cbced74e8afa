-- A new payment method; without an id it gets the next one.
insert into methods (id, account_id, kind, label, description, status, preference, expires_on, created_at,
    gateway, gateway_customer, gateway_method)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
returning id
