-- differs: by sets, and the row carries its account.
-- Paid spans of services. Another account's service is none, and a trigger refuses that.
insert into extensions (service_id, account_id, from_date, until_date, order_id)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
