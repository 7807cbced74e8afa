-- The next services that we rent at a provider, in order of expiry and id, after the last one that was seen, as far as a
-- day.
select provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period
from holdings
where provider = $1 and (until_date, remote_id) > ($2, $3) and until_date < $4
order by until_date, remote_id limit $5
