-- One service's renewal in a new order.
insert into order_lines (order_id, position, service_id, service_name, description, from_date, until_date, list_minor,
    net_minor, tax_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
