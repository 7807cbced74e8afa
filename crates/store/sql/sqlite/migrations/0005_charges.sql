-- Charges: money that gateways move, which no commit can. What is to move is on file before a gateway is asked.

-- Money that a gateway is to move for an order. (A trigger looks the order up, so a foreign key beside it would look twice.)
create table charges (
    id integer primary key,
    account_id integer not null,
    order_id integer not null,
    method_id integer not null references methods (id),
    direction text not null check (direction in ('collect', 'refund')),
    amount_minor integer not null check (amount_minor > 0),
    from_balance_minor integer not null check (from_balance_minor >= 0),
    currency text not null,
    -- Who asked for it, and when the schedule asks again if it is declined.
    origin text not null check (origin in ('customer', 'schedule')),
    again_on text check (length(again_on) = 10),
    opened_at integer not null,
    -- What the gateway calls what it prepared; nothing else is carried out.
    reference text check (length(reference) > 0),
    state text not null check (state in ('open', 'settled', 'credited', 'declined')),
    settled_at integer,
    decline text check (length(decline) > 0),
    -- The node that asks the gateway, and until when it is left to that node.
    claimed_by text,
    claimed_until integer,
    -- How often the gateway did not say, and from when on it is asked again: at once where it was not asked yet.
    tries integer not null default 0 check (tries >= 0),
    next_at integer not null default 0,
    check ((state = 'open') = (settled_at is null)),
    check ((state = 'declined') = (decline is not null)),
    check (state <> 'credited' or direction = 'collect'),
    check ((claimed_by is null) = (claimed_until is null)),
    check (state = 'open' or claimed_by is null)
) strict;
create index charges_of_order on charges (order_id);
create index charges_waiting on charges (next_at, id) where state = 'open';
-- An order is paid by one charge, and given back by one.
create unique index charges_settled on charges (order_id, direction) where state = 'settled';
-- It waits for one charge at a time. Each order that is read looks here, where there is next to nothing.
create unique index charges_open on charges (order_id) where state = 'open';

create trigger charges_start_open before insert on charges when new.state <> 'open'
begin select raise(abort, 'a charge starts open'); end;

create trigger charges_are_of_orders before insert on charges
when not exists (
    select 1 from orders join methods on methods.account_id = orders.account_id
    where orders.id = new.order_id and orders.account_id = new.account_id and orders.currency = new.currency
        and orders.state = case new.direction when 'collect' then 'open' else 'fulfilled' end
        and methods.id = new.method_id
)
begin select raise(abort, 'a charge is for an open order of the account, or gives back what paid for one'); end;

create trigger charges_stay before update of id, account_id, order_id, method_id, direction, amount_minor,
    from_balance_minor, currency, origin, again_on, opened_at on charges
begin select raise(abort, 'what a charge is for stays'); end;

create trigger charges_keep_their_reference before update of reference on charges
when old.reference is not null and new.reference is not old.reference
begin select raise(abort, 'a charge has one reference'); end;

create trigger charges_settle_once before update of reference, state, settled_at, decline on charges
when old.state <> 'open'
begin select raise(abort, 'a charge is settled once'); end;

create trigger charges_never_go before delete on charges
begin select raise(abort, 'a charge stays on file'); end;

-- Where a registered method is kept by a gateway, if it is: all of it, or nothing.
alter table methods add column gateway text check (length(gateway) > 0);
alter table methods add column gateway_customer text;
alter table methods add column gateway_method text
    check ((gateway is null) = (gateway_customer is null) and (gateway is null) = (gateway_method is null));

-- Whether owners hear of every payment.
alter table seller add column receipts integer not null default 0 check (receipts in (0, 1));
