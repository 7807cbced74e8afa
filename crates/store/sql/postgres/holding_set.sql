-- differs: by sets.
-- Services that we rent, as they were read last. Two readings may overlap: the one that began first makes none older.
insert into holdings (provider, remote_id, kind, name, label, tags, parent, until_date, expires_at, blocked, native, period,
    read_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bigint[])
on conflict (provider, remote_id) do update set kind = excluded.kind, name = excluded.name,
    label = excluded.label, tags = excluded.tags, parent = excluded.parent, until_date = excluded.until_date,
    expires_at = excluded.expires_at, blocked = excluded.blocked, native = excluded.native, period = excluded.period,
    read_at = greatest(holdings.read_at, excluded.read_at)
