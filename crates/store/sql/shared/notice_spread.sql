-- Webhooks are told of a notice, once, by whichever node comes first.
update notices set spread_at = $1 where id = $2 and spread_at is null
