-- The seller, new or changed.
insert into seller (only_row, name, address, vat_number, invoice_series, credit_series, collects, receipts)
values (1, $1, $2, $3, $4, $5, $6, $7)
on conflict (only_row) do update set name = excluded.name, address = excluded.address,
    vat_number = excluded.vat_number, invoice_series = excluded.invoice_series,
    credit_series = excluded.credit_series, collects = excluded.collects,
    receipts = excluded.receipts
