-- How many services we rent at a provider.
select count(*) from holdings where provider = $1
