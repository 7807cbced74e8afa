-- A new intent, of which nothing was sent.
insert into intents (id, provider, remote_id, kind, name, fence_date, length_period, length_day, net_minor, tax_minor, gross_minor,
    discount_minor, currency, offer_until_date, remarks, token, expires_at, native, made_at, tries, next_at,
    state, claim_number)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 'planned', 0)
