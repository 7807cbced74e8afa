-- differs: by sets.
-- Stages that services went through.
insert into stages (service_id, account_id, until_date, stage, attended_at)
select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
