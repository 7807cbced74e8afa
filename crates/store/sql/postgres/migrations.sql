-- differs: the table's name says whose it is, as a database tells nothing else of it.
-- What was done to this database, and by which text.
create table perennial_migrations (
    number bigint primary key,
    name text collate "C" not null,
    digest bytea not null
)
