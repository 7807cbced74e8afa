-- differs: a plan for any limit would scan the table; an array of what is to go cannot.
-- Forgets stages of long ago, the oldest first; but never of the expiry that a service has.
delete from stages where ctid = any (array(
    select ctid from stages where attended_at <= $1 and coalesce((
        select services.until_date <> stages.until_date or services.hold = 'terminated'
        from services where services.id = stages.service_id
    ), true)
    order by attended_at limit $2
))
