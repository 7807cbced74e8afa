-- The seller.
select name, address, vat_number, invoice_series, credit_series, collects from seller where only_row = 1
