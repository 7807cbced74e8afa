-- The original and the credit note of an order.
select id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor, tax_minor, gross_minor
from invoices where order_id = $1 and account_id = $2 order by id
