-- A new account; without an id it gets the next one.
insert into accounts (id, code, name, email, country, vat_number, currency, tax, tax_ppm, zone, credit_limit_minor,
    standing, page_password, facts, created_at, joint_orders, align_day)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
returning id
