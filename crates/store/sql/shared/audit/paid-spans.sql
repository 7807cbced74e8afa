-- The paid spans of a service follow each other, and its expiry is where the last one ends.
select 'service ' || service_id || ' was extended from ' || from_date || ', but had been paid until ' || paid_until
from (
    select service_id, from_date, lag(until_date) over (partition by service_id order by from_date) as paid_until
    from extensions
) spans
where paid_until <> from_date
union all
select 'service ' || services.id || ' expires on ' || services.until_date || ', but is paid until ' || paid.until_date
from services join (
    select service_id, max(until_date) as until_date from extensions group by service_id
) paid on paid.service_id = services.id
where paid.until_date <> services.until_date
