-- Charges: money that gateways move, which no commit can. What is to move is on file before a gateway is asked.

-- Money that a gateway is to move for an order. (A trigger looks the order up, as for payments.)
create table charges (
    id bigint not null,
    account_id bigint not null,
    order_id bigint not null,
    method_id bigint not null,
    direction text collate "C" not null check (direction in ('collect', 'refund')),
    amount_minor bigint not null check (amount_minor > 0),
    from_balance_minor bigint not null check (from_balance_minor >= 0),
    currency text collate "C" not null,
    -- Who asked for it, and when the schedule asks again if it is declined.
    origin text collate "C" not null check (origin in ('customer', 'schedule')),
    again_on text collate "C" check (length(again_on) = 10),
    opened_at bigint not null,
    -- What the gateway calls what it prepared; nothing else is carried out.
    reference text collate "C" check (length(reference) > 0),
    state text collate "C" not null check (state in ('open', 'settled', 'credited', 'declined')),
    settled_at bigint,
    decline text collate "C" check (length(decline) > 0),
    -- The node that asks the gateway, and until when it is left to that node.
    claimed_by text collate "C",
    claimed_until bigint,
    -- How often the gateway did not say, and from when on it is asked again: at once where it was not asked yet.
    tries bigint not null default 0 check (tries >= 0),
    next_at bigint not null default 0,
    foreign key (account_id, method_id) references methods (account_id, id),
    check ((state = 'open') = (settled_at is null)),
    check ((state = 'declined') = (decline is not null)),
    check (state <> 'credited' or direction = 'collect'),
    check ((claimed_by is null) = (claimed_until is null)),
    check (state = 'open' or claimed_by is null)
);
create index charges_of_order on charges (account_id, order_id, id);
create index charges_waiting on charges (next_at, id) where state = 'open';
-- An order is paid by one charge, and given back by one.
create unique index charges_settled on charges (account_id, order_id, direction) where state = 'settled';
-- It waits for one charge at a time. Each order that is read looks here, where there is next to nothing.
create unique index charges_open on charges (account_id, order_id) where state = 'open';
-- The keys come last, as for orders.
alter table charges add unique (id), add primary key (account_id, id);

create trigger charges_start_open before insert on charges for each row when (new.state <> 'open')
execute function refuse('a charge starts open');

create function check_charges() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select orders.account_id <> written.account_id or orders.currency <> written.currency
                or orders.state <> case written.direction when 'collect' then 'open' else 'fulfilled' end
            from orders where orders.id = written.order_id
        ), true)
    ) then
        raise exception 'a charge is for an open order of the account, or gives back what paid for one'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger charges_are_of_orders after insert on charges referencing new table as written
for each statement execute function check_charges();

create trigger charges_stay before update of id, account_id, order_id, method_id, direction, amount_minor,
    from_balance_minor, currency, origin, again_on, opened_at on charges for each row
execute function refuse('what a charge is for stays');

create trigger charges_keep_their_reference before update of reference on charges for each row
when (old.reference is not null and new.reference is distinct from old.reference)
execute function refuse('a charge has one reference');

create trigger charges_settle_once before update of reference, state, settled_at, decline on charges for each row
when (old.state <> 'open')
execute function refuse('a charge is settled once');

create trigger charges_never_go before delete on charges for each row
execute function refuse('a charge stays on file');

-- Where a registered method is kept by a gateway, if it is: all of it, or nothing.
alter table methods add column gateway text collate "C" check (length(gateway) > 0);
alter table methods add column gateway_customer text collate "C";
alter table methods add column gateway_method text collate "C";
alter table methods add constraint methods_gateway_whole
    check (num_nonnulls(gateway, gateway_customer, gateway_method) in (0, 3));

-- Whether owners hear of every payment.
alter table seller add column receipts bigint not null default 0 check (receipts in (0, 1));
