-- The account with a customer number.
select id from accounts where code = $1
