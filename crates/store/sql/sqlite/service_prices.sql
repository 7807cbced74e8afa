-- The protected prices of a service, in the order in which they were given.
select currency, period, net_minor from service_prices where service_id = $1 order by position
