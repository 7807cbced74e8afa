-- A message to leave after the commit.
insert into notices (account_id, kind, service_id, name, token, caused_at) values ($1, $2, $3, $4, $5, $6)
