-- differs: types and the language of triggers.
--
-- The buyer: what we rent at providers, and what we decided to renew there. A decision is on file before anything is sent,
-- so that a crash leaves word of what may have been; what must never happen twice is refused here as well as in code.

-- Services that we rent, as their providers showed them last.
create table holdings (
    provider text collate "C" not null,
    remote_id text collate "C" not null,
    kind text collate "C" not null
        check (kind in ('server', 'domain', 'hosting', 'instance', 'addon', 'ip', 'support')),
    name text collate "C" not null,
    label text collate "C",
    tags text collate "C" not null,
    parent text collate "C",
    until_date text collate "C" not null check (length(until_date) = 10),
    expires_at bigint not null,
    -- Why the provider would not renew it; none where nothing speaks against it.
    blocked text collate "C",
    native text collate "C" not null check (native in ('off', 'on', 'untold')),
    period text collate "C",
    read_at bigint not null,
    primary key (provider, remote_id)
);
create index holdings_by_until on holdings (until_date, provider, remote_id);
create index holdings_of_provider on holdings (provider, until_date, remote_id);
create index holdings_by_name on holdings (lower(name));
create index holdings_by_label on holdings (lower(label));
create index holdings_by_remote_id on holdings (lower(remote_id));

-- When each inventory was last read whole.
create table syncs (
    provider text collate "C" not null primary key,
    began_at bigint not null,
    holdings bigint not null check (holdings >= 0)
);

-- Decisions to renew one service once from one expiry, the fence, and how far each was carried.
create table intents (
    id text collate "C" not null primary key,
    provider text collate "C" not null,
    remote_id text collate "C" not null,
    kind text collate "C" not null
        check (kind in ('server', 'domain', 'hosting', 'instance', 'addon', 'ip', 'support')),
    name text collate "C" not null,
    fence_date text collate "C" not null check (length(fence_date) = 10),
    length_period text collate "C",
    length_day bigint check (length_day between 1 and 31),
    net_minor bigint not null check (net_minor >= 0),
    tax_minor bigint not null check (tax_minor >= 0),
    gross_minor bigint not null check (gross_minor >= 0),
    discount_minor bigint,
    currency text collate "C" not null check (length(currency) = 3),
    offer_until_date text collate "C" not null check (length(offer_until_date) = 10),
    remarks text collate "C" not null,
    token text collate "C" not null check (length(token) between 1 and 64),
    expires_at bigint not null,
    native text collate "C" not null check (native in ('off', 'on', 'untold')),
    made_at bigint not null,
    state text collate "C" not null
        check (state in ('planned', 'ordering', 'ordered', 'paying', 'unsure', 'confirming', 'done', 'foreign',
        'refused', 'parked')),
    -- The order that stands at the provider, is being paid, or was left unpaid.
    order_id text collate "C",
    order_invoice text collate "C",
    order_gross_minor bigint,
    order_currency text collate "C" check (length(order_currency) = 3),
    order_until_date text collate "C" check (length(order_until_date) = 10),
    order_services text collate "C",
    sent text collate "C" check (sent in ('order', 'placed', 'payment')),
    sender text collate "C" check (sender in ('ended', 'may-live')),
    clean bigint check (clean between 0 and 255),
    reads bigint check (reads between 0 and 4294967295),
    -- What shows that it was paid.
    receipt_order text collate "C",
    receipt_invoice text collate "C",
    paid_minor bigint,
    paid_currency text collate "C" check (length(paid_currency) = 3),
    balance_minor bigint,
    balance_currency text collate "C" check (length(balance_currency) = 3),
    receipt_until_date text collate "C" check (length(receipt_until_date) = 10),
    foreign_until_date text collate "C" check (length(foreign_until_date) = 10),
    refused_by text collate "C" check (refused_by in ('us', 'provider', 'network', 'person')),
    why text collate "C",
    -- Where the provider's books stood before the order was sent.
    watermark_at bigint,
    watermark_orders text collate "C",
    watermark_balance_minor bigint,
    watermark_balance_currency text collate "C" check (length(watermark_balance_currency) = 3),
    sent_at bigint,
    tries bigint not null check (tries between 0 and 255),
    next_at bigint,
    -- Who is at it, until when it is theirs, and the number of their claim.
    claim_number bigint not null check (claim_number >= 0),
    holder text collate "C",
    held_until bigint,
    check ((length_period is null) <> (length_day is null)),
    check (offer_until_date > fence_date),
    check (state = 'refused' or (order_id is not null)
        = (state in ('ordered', 'paying') or (sent is not null and sent <> 'order'))),
    check ((order_id is null) = (order_gross_minor is null) and (order_id is null) = (order_currency is null)
        and (order_id is null) = (order_services is null)),
    check (order_id is not null or (order_invoice is null and order_until_date is null)),
    check ((sent is not null) = (state in ('unsure', 'parked'))),
    check ((sender is not null) = (state = 'unsure') and (clean is not null) = (state = 'unsure')),
    check ((reads is not null) = (state in ('unsure', 'confirming'))),
    check (state in ('confirming', 'done') or (receipt_order is null and receipt_invoice is null and paid_minor is null
        and balance_minor is null and receipt_until_date is null)),
    check ((paid_minor is null) = (paid_currency is null) and (balance_minor is null) = (balance_currency is null)),
    check (state <> 'done' or receipt_until_date > fence_date),
    check ((foreign_until_date is not null) = (state = 'foreign')),
    check (foreign_until_date > fence_date),
    check ((refused_by is not null) = (state = 'refused') and (why is not null) = (state in ('refused', 'parked'))),
    check ((watermark_at is null) = (watermark_orders is null)
        and (watermark_balance_minor is null) = (watermark_balance_currency is null)
        and (watermark_at is not null or watermark_balance_minor is null)),
    -- Write before send: when, and where the books stood, are on file first.
    check (state not in ('ordering', 'paying') or (sent_at is not null and watermark_at is not null)),
    check ((holder is null) = (held_until is null) and (holder is null or claim_number > 0))
);
-- One flight a service, and one renewal from one expiry.
create unique index intents_open on intents (provider, remote_id) where state not in ('done', 'foreign', 'refused');
create unique index intents_of_fence on intents (provider, remote_id, fence_date) where state <> 'refused';
create index intents_by_made on intents (made_at, id);
create index intents_open_by_made on intents (made_at, id) where state not in ('done', 'foreign', 'refused');

-- What happened to an intent: evidence.
create table intent_notes (
    intent_id text collate "C" not null references intents (id),
    number bigint not null check (number > 0),
    noted_at bigint not null,
    state text collate "C" not null,
    note text collate "C" not null,
    primary key (intent_id, number)
);

create trigger intents_start_unsent before insert on intents for each row
when (new.state <> 'planned' or new.sent_at is not null or new.watermark_at is not null or new.claim_number <> 0)
execute function refuse('an intent starts with nothing sent');

create trigger intents_ask_stays before update of id, provider, remote_id, kind, name, fence_date, length_period,
    length_day, net_minor, tax_minor, gross_minor, discount_minor, currency, offer_until_date, remarks, token on intents
    for each row
execute function refuse('what an intent asks for stays');

create trigger intents_are_made_anew_once_refused before update of expires_at, native, made_at on intents for each row
when (old.state <> 'refused' or new.state <> 'planned')
execute function refuse('an intent is made anew only where it was refused');

-- What rests on a person's word alone, a person can take back.
create trigger intents_settle_once before update of state on intents for each row
when (new.state <> old.state and (
    old.state = 'foreign'
    or (old.state = 'done'
        and not (old.receipt_until_date is null and new.state = 'refused' and new.refused_by = 'person'))
    or (old.state = 'refused' and new.state <> 'planned')
))
execute function refuse('an intent is settled once');

create trigger intents_stay_settled before update of receipt_order, receipt_invoice, paid_minor, paid_currency,
    balance_minor, balance_currency, receipt_until_date, foreign_until_date on intents for each row
when (old.state in ('done', 'foreign') and new.state = old.state
    and (new.receipt_order, new.receipt_invoice, new.paid_minor, new.paid_currency, new.balance_minor,
        new.balance_currency, new.receipt_until_date, new.foreign_until_date)
    is distinct from (old.receipt_order, old.receipt_invoice, old.paid_minor, old.paid_currency, old.balance_minor,
        old.balance_currency, old.receipt_until_date, old.foreign_until_date))
execute function refuse('what settled an intent stays');

create trigger intents_claims_count_up before update of claim_number, holder on intents for each row
when (new.claim_number < old.claim_number
    or (new.holder is not null and new.holder is distinct from old.holder and new.claim_number = old.claim_number))
execute function refuse('each claim has a higher number than those before');

create trigger intents_never_go before delete on intents for each row
execute function refuse('an intent stays on file');

create function check_intent_note() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if not coalesce((select intents.state = new.state from intents where intents.id = new.intent_id), false) then
        raise exception 'a note tells the state that its intent is in' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger intent_notes_follow before insert on intent_notes for each row execute function check_intent_note();

create trigger intent_notes_stay before update on intent_notes for each row
execute function refuse('a note is never edited');

create trigger intent_notes_never_go before delete on intent_notes for each row
execute function refuse('a note stays on file');
