-- The services of an account that are of one kind.
select id from services where account_id = $1 and kind = $2 order by id
