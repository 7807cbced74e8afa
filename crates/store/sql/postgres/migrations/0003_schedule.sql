-- Time passes: what becomes of services by themselves, and what their owners are told of it.

-- The stages that services went through, once for each expiry: that it is the key says so.
create table stages (
    account_id bigint not null,
    service_id bigint not null,
    until_date text collate "C" not null check (length(until_date) = 10),
    stage text collate "C" not null check (length(stage) > 0),
    attended_at bigint not null,
    primary key (account_id, service_id, until_date, stage),
    foreign key (account_id, service_id) references services (account_id, id)
);
create index stages_by_time on stages (attended_at);

create function check_stages() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where not coalesce((
            select services.account_id = written.account_id and services.until_date = written.until_date
            from services where services.id = written.service_id
        ), false)
    ) then
        raise exception 'a stage is of the expiry that a service of the account has'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger stages_are_of_the_expiry after insert on stages referencing new table as written
for each statement execute function check_stages();

create trigger stages_stay before update on stages for each row
execute function refuse('a stage stays as it is');

-- How far the schedule has come, and the node that goes through the days; there is one row, or none before the first day.
create table schedule (
    id bigint primary key check (id = 1),
    done_day text collate "C" check (length(done_day) = 10),
    held_by text collate "C",
    held_until bigint,
    check ((held_by is null) = (held_until is null))
);

alter table accounts add column joint_orders bigint not null default 0 check (joint_orders in (0, 1));
alter table products add column redemption_days bigint not null default 0 check (redemption_days >= 0);
alter table products add column redemption_fees text collate "C" not null default '';

-- Notices of more kinds; of each, what its kind needs. Those that could not leave wait before they are tried again.
alter table notices drop constraint notices_kind_check;
alter table notices add constraint notices_kind_check check (kind in ('termination-requested', 'expiring', 'ending',
    'proposed', 'method-ends', 'paid', 'not-paid', 'expired', 'suspended', 'redemption', 'terminated'));
alter table notices alter column service_id drop not null;
alter table notices alter column name drop not null;
alter table notices alter column token drop not null;
alter table notices add column order_id bigint;
alter table notices add column method_id bigint;
alter table notices add foreign key (account_id, order_id) references orders (account_id, id);
alter table notices add foreign key (account_id, method_id) references methods (account_id, id);
alter table notices add column until_date text collate "C" check (length(until_date) = 10);
alter table notices add column on_date text collate "C" check (length(on_date) = 10);
alter table notices add column reason text collate "C";
-- How often it could not leave, and from when on it is tried again: at once where it was not tried yet.
alter table notices add column tries bigint not null default 0 check (tries >= 0);
alter table notices add column next_at bigint not null default 0;
drop index notices_waiting;
create index notices_waiting on notices (next_at, id) where sent_at is null;
