-- differs: the table's name says whose it is.
-- A migration was run.
insert into perennial_migrations (number, name, digest) values ($1, $2, $3)
