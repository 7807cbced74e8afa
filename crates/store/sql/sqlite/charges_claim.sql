-- Claims open charges that do not wait and are not another node's: those that were not tried yet come first.
update charges set claimed_by = $1, claimed_until = $2
where id in (
    select id from charges
    where state = 'open' and next_at <= $3 and (claimed_by is null or claimed_by = $1 or claimed_until <= $3)
    order by next_at, id limit $4
)
returning id, account_id, order_id, method_id, direction, amount_minor, currency, from_balance_minor, origin, again_on,
    opened_at, reference, state, settled_at, decline, tries
