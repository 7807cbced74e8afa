-- A changed account. What it was billed names its currency, so the currency stays; it became a customer once.
update accounts set code = $1, name = $2, email = $3, country = $4, vat_number = $5, tax = $6, tax_ppm = $7, zone = $8,
    credit_limit_minor = $9, standing = $10, page_password = $11, facts = $12, joint_orders = $13,
    align_day = $14
where id = $15 and currency = $16
