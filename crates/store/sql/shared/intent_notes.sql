-- What happened to an intent, oldest first.
select noted_at, state, note from intent_notes where intent_id = $1 order by number
