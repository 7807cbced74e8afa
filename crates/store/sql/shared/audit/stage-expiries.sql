-- A stage is of the expiry that its service has, or of one that it was extended from.
select 'service ' || stages.service_id || ' went through the stage `' || stages.stage || '` of ' || stages.until_date
    || ', which was never its expiry'
from stages
left join services on services.id = stages.service_id and services.until_date = stages.until_date
left join extensions on extensions.service_id = stages.service_id and extensions.from_date = stages.until_date
where services.id is null and extensions.service_id is null
