-- An order that comes to something else; a trigger holds that it is open. Its lines are written anew.
update orders set promo = $1, net_minor = $2, tax_minor = $3, gross_minor = $4, pays_by_itself = $5, pay_with = $6,
    from_balance_minor = $7, tax = $8, tax_ppm = $9
where id = $10 and account_id = $11
