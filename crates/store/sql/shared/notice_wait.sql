-- A notice could not leave: it is nobody's any more, and waits before it is tried again.
update notices set claimed_by = null, claimed_until = null, tries = tries + 1, next_at = $1
where id = $2 and sent_at is null
