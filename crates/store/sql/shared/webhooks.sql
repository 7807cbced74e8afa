-- Every webhook; they are few.
select id, url, account_id, kinds, secret_sealed, created_at, disabled_at
from webhooks order by created_at, id
