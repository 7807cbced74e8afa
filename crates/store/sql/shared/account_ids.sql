-- Full listing: all accounts.
select id from accounts order by id
