-- All credentials of an application end.
update credentials set status = 'expired' where application_id = $1 and status <> 'expired'
