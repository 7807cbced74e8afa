-- The originals and credit notes of an account issued in a span.
select id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor, tax_minor, gross_minor
from invoices where account_id = $1 and issued_at between $2 and $3 order by id
