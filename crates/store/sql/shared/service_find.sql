-- The service of an account with a name.
select id from services where kind = $1 and name = $2 and account_id = $3
