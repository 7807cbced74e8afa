-- The services that are called so, by whoever: each name in lower case, as far as letters are ASCII.
select provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period
from holdings where lower(name) = $1 or lower(label) = $1 or lower(remote_id) = $1
order by provider, remote_id
