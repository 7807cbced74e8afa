-- The original or credit note of an account with a number of a series.
select id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor, tax_minor, gross_minor
from invoices where series = $1 and number = $2 and account_id = $3
