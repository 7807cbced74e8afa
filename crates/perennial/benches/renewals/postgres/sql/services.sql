-- Services with whose they are and what is to pay for them, in the order that they are asked for.
select services.name, services.until_date, services.anchor_day, services.version, accounts.tax_ppm, methods.status
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) with ordinality as asked (account_id, id, method_id, place)
join services on services.account_id = asked.account_id and services.id = asked.id
join accounts on accounts.id = asked.account_id
join methods on methods.account_id = asked.account_id and methods.id = asked.method_id
order by place
