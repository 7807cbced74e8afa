-- The intents that stand in the way of another one for a service and expiry: the open one, and the one that settled that
-- expiry.
select id, state from intents
where provider = $1 and remote_id = $2 and state <> 'refused'
    and (state not in ('done', 'foreign') or fence_date = $3)
order by state in ('done', 'foreign')
