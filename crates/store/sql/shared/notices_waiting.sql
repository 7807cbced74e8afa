-- Full listing of a partial index, up to a limit: notices that have not left, in the order in which they leave.
select id, account_id, kind, service_id, order_id, method_id, name, token, until_date, on_date, reason, caused_at, tries
from notices where sent_at is null order by next_at, id limit $1
