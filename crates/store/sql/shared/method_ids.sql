-- The ids of the payment methods of an account.
select id from methods where account_id = $1 order by id
