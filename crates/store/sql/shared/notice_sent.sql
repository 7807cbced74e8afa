-- A notice has left.
update notices set sent_at = $1 where id = $2 and sent_at is null
