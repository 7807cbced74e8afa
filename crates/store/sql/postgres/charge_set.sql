-- differs: by sets.
-- Charges' references, or what came of them; a trigger holds that they were open. Once settled one is left to no node.
update charges set reference = noted.reference, state = noted.state, settled_at = noted.at, decline = noted.decline,
    claimed_by = case noted.state when 'open' then claimed_by end,
    claimed_until = case noted.state when 'open' then claimed_until end
from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[])
    as noted (reference, state, at, decline, id, account_id)
where charges.account_id = noted.account_id and charges.id = noted.id
