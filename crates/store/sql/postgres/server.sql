-- What the server is, and what stands in the schema that new tables would come to: whether it is a ledger, and how many
-- tables, views and sequences there are.
select current_setting('server_version_num')::bigint, current_setting('server_encoding'), current_schema()::text,
    to_regclass(format('%I.perennial_migrations', current_schema())) is not null,
    (select count(*) from pg_class where relnamespace = to_regnamespace(quote_ident(current_schema()))
        and relkind in ('r', 'p', 'v', 'm', 'f', 'S'))
