insert into extensions (account_id, service_id, from_date, until_date, order_id)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
