-- Has the references checked that were put off, brings the triggers back, and has the ids of transfers go on.
set constraints all immediate;
do $$
declare
    guarded regclass;
begin
    for guarded in
        select distinct tgrelid::regclass from pg_trigger join pg_class on pg_class.oid = tgrelid
        where not tgisinternal and relnamespace = current_schema()::regnamespace
    loop
        execute format('alter table %s enable trigger user', guarded);
    end loop;
end
$$;
select setval(pg_get_serial_sequence('transfers', 'id'), max(id)) from transfers
