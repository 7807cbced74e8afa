-- differs: the row carries its account.
-- One service's renewal, or first term, in an order.
insert into order_lines (account_id, order_id, position, service_id, service_name, description, period, from_date,
    until_date, list_minor, net_minor, tax_minor)
values ((select account_id from orders where id = $1), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
