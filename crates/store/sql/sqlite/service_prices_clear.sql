-- Takes a service's protected prices away, before they are written anew.
delete from service_prices where service_id = $1
