-- The applications that an account owns.
select id, owner_id, dialect, key, secret_sealed, name, description, flow, status, created_at
from applications where owner_id = $1 order by id
