-- An intent that was refused is taken up anew, with nothing sent. What it asks for stays, and so do its notes.
update intents set expires_at = $1, native = $2, made_at = $3, tries = $4, next_at = $5, state = 'planned',
    order_id = null, order_invoice = null, order_gross_minor = null, order_currency = null, order_until_date = null,
    order_services = null, refused_by = null, why = null, watermark_at = null, watermark_orders = null,
    watermark_balance_minor = null, watermark_balance_currency = null, sent_at = null, holder = null, held_until = null
where id = $6 and state = 'refused'
