-- The seller.
select name, address, vat_number, invoice_series, credit_series, collects, receipts from seller where only_row = 1
