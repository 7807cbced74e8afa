-- Takes the triggers away until the copy is whole, and the rows that a new ledger has. Constraints stay; a service may
-- come before the one that it belongs to.
do $$
declare
    guarded regclass;
begin
    for guarded in
        select distinct tgrelid::regclass from pg_trigger join pg_class on pg_class.oid = tgrelid
        where not tgisinternal and relnamespace = current_schema()::regnamespace
    loop
        execute format('alter table %s disable trigger user', guarded);
    end loop;
end
$$;
delete from catalogue;
delete from access;
set constraints all deferred
