-- An application, new or changed; whose it is and how it is known stays.
insert into applications (id, owner_id, dialect, key, secret_sealed, name, description, flow, status, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do update set secret_sealed = excluded.secret_sealed, name = excluded.name,
    description = excluded.description, flow = excluded.flow, status = excluded.status
where applications.owner_id = excluded.owner_id and applications.dialect = excluded.dialect
    and applications.key = excluded.key
