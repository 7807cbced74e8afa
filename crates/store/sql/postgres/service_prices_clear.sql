-- differs: the key leads with the account.
-- Takes a service's protected prices away, before they are written anew.
delete from service_prices
where account_id = (select account_id from services where id = $1) and service_id = $1
