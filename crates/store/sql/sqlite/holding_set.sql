-- A service that we rent, as it was read last. Two readings may overlap: the one that began first does not make it older.
insert into holdings (provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period,
    read_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (provider, remote_id) do update set kind = excluded.kind, name = excluded.name,
    label = excluded.label, tags = excluded.tags, parent = excluded.parent, until_date = excluded.until_date,
    expires_at = excluded.expires_at, blocked = excluded.blocked, native = excluded.native, period = excluded.period,
    read_at = max(holdings.read_at, excluded.read_at)
