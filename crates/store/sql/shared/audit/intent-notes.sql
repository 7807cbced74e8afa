-- What happened to an intent is on file: its last note tells the state that it is in. One of which nothing was sent may
-- have none yet, or have been taken up anew after it was refused.
select 'intent ' || intents.id || ' is ' || intents.state || ', and its last note says '
    || coalesce('`' || last.state || '`', 'nothing, as there is none')
from intents left join intent_notes last on last.intent_id = intents.id
    and last.number = (select max(number) from intent_notes where intent_id = intents.id)
where coalesce(last.state, '') <> intents.state
    and not (intents.state = 'planned' and coalesce(last.state, 'refused') = 'refused')
union all
select 'intent ' || intent_id || ' has ' || count(*) || ' notes, and the last one has number ' || max(number)
from intent_notes group by intent_id having count(*) <> max(number)
union all
select 'note ' || number || ' is of intent ' || intent_id || ', which is not there'
from intent_notes where intent_id not in (select id from intents)
