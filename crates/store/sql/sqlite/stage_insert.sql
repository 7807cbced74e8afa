-- A stage that a service went through.
insert into stages (service_id, account_id, until_date, stage, attended_at) values ($1, $2, $3, $4, $5)
