-- An application.
select id, owner_id, dialect, key, secret_sealed, name, description, flow, status, created_at
from applications where id = $1
