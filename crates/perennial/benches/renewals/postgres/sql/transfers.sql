insert into transfers (account_id, debit, credit, amount_minor, currency, order_id, booked_at)
select account_id, 'collected-paypal', book, amount_minor, 'EUR', order_id, $3::bigint
from unnest($1::bigint[], $2::bigint[]) with ordinality as made (account_id, order_id, place),
    (values (1, 'revenue', $4::bigint), (2, 'tax', $5::bigint)) as booked (part, book, amount_minor)
order by place, part
