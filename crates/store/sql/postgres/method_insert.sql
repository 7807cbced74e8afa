-- differs: the next id is not made by itself, and writers take turns.
-- A new payment method; without an id it gets the next one.
insert into methods (id, account_id, kind, label, description, status, preference, expires_on, created_at,
    gateway, gateway_customer, gateway_method)
values (coalesce($1, (select coalesce(max(id), 0) + 1 from methods)),
    $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
returning id
