-- Time passes: what becomes of services by themselves, and what their owners are told of it.

-- The stages that services went through, once for each expiry: that it is the key says so.
create table stages (
    service_id integer not null references services (id),
    account_id integer not null,
    until_date text not null check (length(until_date) = 10),
    stage text not null check (length(stage) > 0),
    attended_at integer not null,
    primary key (service_id, until_date, stage)
) strict, without rowid;
create index stages_by_time on stages (attended_at);

create trigger stages_are_of_the_expiry before insert on stages
when not exists (
    select 1 from services
    where id = new.service_id and account_id = new.account_id and until_date = new.until_date
)
begin select raise(abort, 'a stage is of the expiry that a service of the account has'); end;

create trigger stages_stay before update on stages
begin select raise(abort, 'a stage stays as it is'); end;

-- How far the schedule has come, and the node that goes through the days; there is one row, or none before the first day.
create table schedule (
    id integer primary key check (id = 1),
    done_day text check (length(done_day) = 10),
    held_by text,
    held_until integer,
    check ((held_by is null) = (held_until is null))
) strict;

alter table accounts add column joint_orders integer not null default 0 check (joint_orders in (0, 1));
alter table products add column redemption_days integer not null default 0 check (redemption_days >= 0);
alter table products add column redemption_fees text not null default '';

-- Notices of more kinds; of each, what its kind needs. Those that could not leave wait before they are tried again.
create table notices_new (
    id integer primary key autoincrement,
    account_id integer not null references accounts (id),
    kind text not null check (kind in ('termination-requested', 'expiring', 'ending', 'proposed', 'method-ends', 'paid',
        'not-paid', 'expired', 'suspended', 'redemption', 'terminated')),
    service_id integer references services (id),
    order_id integer references orders (id),
    method_id integer references methods (id),
    name text,
    token text,
    until_date text check (length(until_date) = 10),
    on_date text check (length(on_date) = 10),
    reason text,
    caused_at integer not null,
    sent_at integer,
    -- The node that is about to let it leave, and until when it is left to that node.
    claimed_by text,
    claimed_until integer,
    -- How often it could not leave, and from when on it is tried again: at once where it was not tried yet.
    tries integer not null default 0 check (tries >= 0),
    next_at integer not null default 0,
    check ((claimed_by is null) = (claimed_until is null))
) strict;
insert into notices_new (id, account_id, kind, service_id, name, token, caused_at, sent_at, claimed_by, claimed_until)
    select id, account_id, kind, service_id, name, token, caused_at, sent_at, claimed_by, claimed_until from notices;
-- Ids go on after those that were given, also after those of notices that are gone.
delete from sqlite_sequence where name = 'notices_new';
insert into sqlite_sequence (name, seq) select 'notices_new', seq from sqlite_sequence where name = 'notices';
drop table notices;
alter table notices_new rename to notices;
create index notices_waiting on notices (next_at, id) where sent_at is null;
create index notices_sent on notices (sent_at) where sent_at is not null;
