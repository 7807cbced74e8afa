-- Full listing of a partial index, up to a limit: notices that webhooks were not told of, oldest first.
select id, account_id, kind, service_id, order_id, method_id, name, token, until_date, on_date, reason, caused_at, tries
from notices where spread_at is null order by id limit $1
