-- A termination that waits for its token.
select account_id, service_id, token_digest, until_date, requested_at
from terminations where service_id = $1 and account_id = $2
