-- What the intents that were made at an instant or later have cost, or may cost.
select provider, remote_id, gross_minor, currency from intents
where made_at >= $1 and state not in ('refused', 'foreign')
order by made_at, id
