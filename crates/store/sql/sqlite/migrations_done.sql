-- Full listing: the migrations that were run.
select number, digest from migrations order by number
