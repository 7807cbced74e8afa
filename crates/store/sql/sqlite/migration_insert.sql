-- A migration was run.
insert into migrations (number, name, digest) values ($1, $2, $3)
