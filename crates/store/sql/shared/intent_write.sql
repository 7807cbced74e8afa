-- How far an intent was carried, while the claim is held by whoever carried it.
update intents set state = $1, order_id = $2, order_invoice = $3, order_gross_minor = $4, order_currency = $5,
    order_until_date = $6, order_services = $7, sent = $8, sender = $9, clean = $10, reads = $11, receipt_order = $12,
    receipt_invoice = $13, paid_minor = $14, paid_currency = $15, balance_minor = $16, balance_currency = $17,
    receipt_until_date = $18, foreign_until_date = $19, refused_by = $20, why = $21, watermark_at = $22,
    watermark_orders = $23, watermark_balance_minor = $24, watermark_balance_currency = $25, sent_at = $26,
    tries = $27, next_at = $28, held_until = $29
where id = $30 and claim_number = $31 and holder is not null
