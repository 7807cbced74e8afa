-- One service that we rent.
select provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period
from holdings where provider = $1 and remote_id = $2
