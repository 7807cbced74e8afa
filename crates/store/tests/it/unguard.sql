-- Takes every trigger, foreign key and check away, so that a test can break the books.
do $$
declare
    guard record;
begin
    for guard in
        select conrelid::regclass as of, conname as name from pg_constraint
        where contype in ('c', 'f') and connamespace = current_schema()::regnamespace
    loop
        execute format('alter table %s drop constraint %I', guard.of, guard.name);
    end loop;
    for guard in
        select tgrelid::regclass as of, tgname as name from pg_trigger
        where not tgisinternal and tgrelid in (select oid from pg_class where relnamespace = current_schema()::regnamespace)
    loop
        execute format('drop trigger %I on %s', guard.name, guard.of);
    end loop;
end
$$
