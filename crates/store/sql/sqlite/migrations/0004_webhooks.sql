-- Webhooks: programs that are told what becomes of services, and how far each telling has come.

-- Who is told: of one account, or, without one, of all.
create table webhooks (
    id text not null primary key check (length(id) > 0),
    url text not null,
    account_id integer references accounts (id),
    -- The kinds of events it hears of, a line each; none for all.
    kinds text not null,
    secret_sealed blob not null,
    created_at integer not null,
    disabled_at integer
) strict;

-- What is told, as it is sent: each attempt sends the same.
create table events (
    id text not null primary key check (length(id) > 0),
    account_id integer not null references accounts (id),
    kind text not null,
    body text not null,
    noted_at integer not null
) strict;
create index events_by_time on events (noted_at);

-- Each event and each webhook that hears of it, once: that it is the key says so.
create table deliveries (
    event_id text not null references events (id) on delete cascade,
    webhook_id text not null references webhooks (id) on delete cascade,
    noted_at integer not null,
    -- How often it failed.
    tries integer not null check (tries >= 0),
    -- When it is tried next; a node that tries it moves this ahead, and so has it for itself until then.
    next_at integer,
    delivered_at integer,
    given_up_at integer,
    -- What was answered last, in a few words.
    answer text,
    primary key (event_id, webhook_id),
    check ((next_at is not null) + (delivered_at is not null) + (given_up_at is not null) = 1)
) strict, without rowid;
create index deliveries_due on deliveries (next_at) where next_at is not null;
create index deliveries_of_webhook on deliveries (webhook_id, noted_at);

-- When a notice was told to webhooks. Mail is another way, and neither waits for the other.
alter table notices add column spread_at integer;
-- What happened before there were webhooks is told to none.
update notices set spread_at = caused_at;
create index notices_unspread on notices (id) where spread_at is null;
