-- A service that was opened waits for the payment of its order, which is placed by now. It stays its first version.
update services set open_order_id = $1 where id = $2 and account_id = $3 and hold = 'unpaid' and open_order_id is null
