-- differs: the key leads with the account.
-- The protected prices of a service, in the order in which they were given.
select currency, period, net_minor from service_prices
where account_id = (select account_id from services where id = $1) and service_id = $1 order by position
