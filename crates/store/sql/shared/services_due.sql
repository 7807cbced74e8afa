-- The next services that expire before a day, in order of expiry, after the last one that was seen.
select id, account_id, until_date from services
where (until_date, id) > ($1, $2) and until_date < $3
order by until_date, id limit $4
