-- What happened to an intent, after all that did before.
insert into intent_notes (intent_id, number, noted_at, state, note)
select $1, coalesce(max(number), 0) + 1, $2, $3, $4 from intent_notes where intent_id = $1
