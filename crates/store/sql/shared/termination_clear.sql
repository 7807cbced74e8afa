-- A termination waits no longer.
delete from terminations where service_id = $1 and account_id = $2
