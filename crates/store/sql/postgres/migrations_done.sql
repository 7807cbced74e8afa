-- differs: the table's name says whose it is.
-- Full listing: the migrations that were run.
select number, digest from perennial_migrations order by number
