-- The next services that we rent, in order of expiry and key, after the last one that was seen, as far as a day.
select provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period
from holdings
where (until_date, provider, remote_id) > ($1, $2, $3) and until_date < $4
order by until_date, provider, remote_id limit $5
