-- How an order is meant to be paid; a trigger holds that it is open.
update orders set pays_by_itself = $1, pay_with = $2, from_balance_minor = $3 where id = $4 and account_id = $5
