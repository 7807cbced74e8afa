-- differs: the key leads with the account.
-- Takes the lines of an order away, before they are written anew; a trigger holds that it is open.
delete from order_lines where account_id = (select account_id from orders where id = $1) and order_id = $1
