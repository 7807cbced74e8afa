-- The stages that a service went through for the expiry that it has.
select stages.account_id, stages.service_id, stages.until_date, stages.stage, stages.attended_at
from services join stages on stages.account_id = services.account_id and stages.service_id = services.id
    and stages.until_date = services.until_date
where services.id = $1 and services.account_id = $2
order by stages.stage
