-- It is not known what came of a charge: it is nobody's any more, and waits before its gateway is asked again.
update charges set claimed_by = null, claimed_until = null, tries = tries + 1, next_at = $1
where id = $2 and settled_at is null
