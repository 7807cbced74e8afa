-- A new original or credit note.
insert into invoices (id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor,
    tax_minor, gross_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
