-- An original or credit note of an account.
select id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor, tax_minor, gross_minor
from invoices where id = $1 and account_id = $2
