-- The services of an account.
select id from services where account_id = $1 order by id
