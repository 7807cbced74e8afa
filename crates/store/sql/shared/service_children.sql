-- What belongs to a service, with its account.
select id from services where parent_id = $1 and account_id = $2 order by id
