-- Full listing of a partial index: intents that are open, oldest first.
select id, provider, remote_id, kind, name, fence_date, length_period, length_day, net_minor, tax_minor, gross_minor,
    discount_minor, currency, offer_until_date, remarks, token, expires_at, native, made_at, state, order_id,
    order_invoice, order_gross_minor, order_currency, order_until_date, order_services, sent, sender, clean, reads,
    receipt_order, receipt_invoice, paid_minor, paid_currency, balance_minor, balance_currency, receipt_until_date,
    foreign_until_date, refused_by, why, watermark_at, watermark_orders, watermark_balance_minor,
    watermark_balance_currency, sent_at, tries, next_at, claim_number, holder, held_until
from intents where state not in ('done', 'foreign', 'refused') order by made_at, id
