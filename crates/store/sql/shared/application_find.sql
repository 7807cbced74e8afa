-- The application of a dialect with a public key.
select id, owner_id, dialect, key, secret_sealed, name, description, flow, status, created_at
from applications where dialect = $1 and key = $2
