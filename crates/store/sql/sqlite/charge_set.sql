-- A charge's reference, or what came of it; a trigger holds that it was open. Once settled it is left to no node.
update charges set reference = $1, state = $2, settled_at = $3, decline = $4,
    claimed_by = case $2 when 'open' then claimed_by end, claimed_until = case $2 when 'open' then claimed_until end
where id = $5 and account_id = $6
