-- The orders of an account that are not settled.
select id from orders where account_id = $1 and state = 'open' order by id
