-- An order's new state; a trigger holds that it was open.
update orders set state = $1, settled_at = $2 where id = $3 and account_id = $4
