-- differs: types, keys that lead with the account, and checks that run once a statement.
--
-- The ledger: master data, orders and what was paid for them. What must never happen is refused here as well as in
-- code.
--
-- Keys. What belongs to an account has a key that leads with it, so that a distributed engine can keep it together, and
-- foreign keys carry the account along: what is named is of the same account. Ids stay unique by themselves where rows
-- are looked up or numbered by id alone (`unique (id)`). What is unique per order or service need not say so twice: the
-- order or the service has one account. Unique across accounts stay: customer numbers, names of services, the tokens of
-- payment links, the keys of applications, the digests of credentials, and invoice numbers within a series.
--
-- Text compares by bytes, as on SQLite, whatever the database's own collation is: dates and keys rely on it.
--
-- Of two indexes that seem equally good, as all do while a table is small, the planner takes the younger one, and a
-- prepared statement may keep to it when the table is large. So the one to be taken comes last: on orders and invoices,
-- the keys.
--
-- Writers. Whoever writes locks the one row of `numbers` first, then asks for the next numbers, each in a statement of
-- its own at `read committed`, so that the second sees what the last writer has committed. This is the one point at
-- which writers wait for each other, and it ends with the transaction, so a pooler may share connections between them.
-- Ids, invoice numbers and running sums are without gaps because of it.
--
-- Triggers. What only looks at the row itself is a row trigger with a condition, which costs no call while it does not
-- hold. What looks rows up runs once a statement, over all rows that the statement wrote: so after it, not before, and
-- each table is to be written by a statement of its own. On the tables that each renewal writes they stand for foreign
-- keys too, which PostgreSQL checks row by row at several times the price; what is named there is kept from going by
-- triggers on its own table, which hold as writers take turns.

create table numbers (
    only_row bigint primary key check (only_row = 1)
);
insert into numbers (only_row) values (1);

create table seller (
    only_row bigint primary key check (only_row = 1),
    name text collate "C" not null,
    address text collate "C" not null,
    vat_number text collate "C",
    invoice_series text collate "C" not null,
    credit_series text collate "C" not null,
    collects text collate "C" not null,
    check (invoice_series <> credit_series)
);

-- One row that counts up whenever the price list changes, so that every connection knows when to read it again.
create table catalogue (
    only_row bigint primary key check (only_row = 1),
    version bigint not null
);
insert into catalogue (only_row, version) values (1, 1);

-- The same for accounts, applications and credentials: who may call, and for whom.
create table access (
    only_row bigint primary key check (only_row = 1),
    version bigint not null
);
insert into access (only_row, version) values (1, 1);

create table accounts (
    id bigint primary key,
    code text collate "C" not null unique,
    name text collate "C" not null,
    email text collate "C" not null,
    country text collate "C" not null,
    vat_number text collate "C",
    currency text collate "C" not null check (length(currency) = 3),
    tax text collate "C" not null check (tax in ('standard', 'reverse-charge', 'exempt')),
    tax_ppm bigint not null check (tax_ppm between 0 and 1000000),
    zone text collate "C" not null,
    credit_limit_minor bigint not null,
    standing text collate "C" not null check (standing in ('customer', 'reseller')),
    page_password text collate "C",
    facts text collate "C" not null,
    created_at bigint not null,
    -- What belongs to an account names its currency too, and so can be in no other.
    unique (id, currency)
);

-- The price list is the seller's, and every node needs all of it.
create table products (
    id bigint primary key,
    code text collate "C" not null unique,
    name text collate "C" not null,
    kind text collate "C" not null
        check (kind in ('server', 'domain', 'hosting', 'instance', 'addon', 'ip', 'support')),
    renewability text collate "C" not null check (renewability in ('one-open', 'stacking', 'one-shot')),
    grace_days bigint not null check (grace_days >= 0),
    suspension_days bigint not null check (suspension_days >= 0),
    ahead_months_max bigint not null check (ahead_months_max >= 0),
    facts text collate "C" not null,
    unique (id, kind)
);

create table product_prices (
    product_id bigint not null references products (id),
    position bigint not null,
    currency text collate "C" not null check (length(currency) = 3),
    period text collate "C" not null,
    net_minor bigint not null check (net_minor >= 0),
    primary key (product_id, position),
    unique (product_id, currency, period)
);

create table promos (
    code text collate "C" primary key,
    off_ppm bigint not null check (off_ppm between 0 and 1000000),
    products text collate "C" not null,
    months_min bigint not null check (months_min >= 0),
    starts_at bigint,
    ends_at bigint
);

create table orders (
    id bigint not null,
    account_id bigint not null,
    state text collate "C" not null check (state in ('open', 'fulfilled', 'cancelled')),
    settled_at bigint,
    origin text collate "C" not null check (origin in ('customer', 'schedule')),
    purpose text collate "C" not null check (purpose in ('renewal', 'purchase', 'deposit')),
    promo text collate "C",
    placed_at bigint not null,
    lapses_at bigint not null,
    password text collate "C" not null,
    currency text collate "C" not null,
    net_minor bigint not null check (net_minor >= 0),
    tax_minor bigint not null check (tax_minor >= 0),
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
    pays_by_itself bigint not null check (pays_by_itself in (0, 1)),
    pay_with text collate "C"
        check (pay_with in ('balance', 'credit-line', 'card', 'paypal', 'bank-transfer', 'bitcoin')),
    from_balance_minor bigint not null,
    tax text collate "C" not null check (tax in ('standard', 'reverse-charge', 'exempt')),
    tax_ppm bigint not null check (tax_ppm between 0 and 1000000),
    check (from_balance_minor between 0 and gross_minor),
    check ((state = 'open') = (settled_at is null)),
    check (purpose <> 'deposit' or tax_minor = 0)
);
create index orders_by_account on orders (account_id, placed_at);
alter table orders add unique (id), add primary key (account_id, id);

create table services (
    id bigint not null unique,
    account_id bigint not null references accounts (id),
    product_id bigint not null,
    kind text collate "C" not null,
    parent_id bigint,
    name text collate "C" not null,
    display_name text collate "C",
    created_on text collate "C" not null check (length(created_on) = 10),
    until_date text collate "C" not null check (length(until_date) = 10),
    anchor_day bigint not null check (anchor_day between 1 and 31),
    mode text collate "C" not null check (mode in ('automatic', 'manual', 'delete-at-expiry')),
    period text collate "C" not null,
    hold text collate "C" not null check (hold in ('none', 'locked', 'suspended', 'unpaid', 'terminated')),
    open_order_id bigint,
    facts text collate "C" not null,
    version bigint not null,
    cancelled_at bigint,
    cancel_reason text collate "C",
    cancel_ending text collate "C" check (cancel_ending in ('at-expiry', 'now')),
    mode_before text collate "C" check (mode_before in ('automatic', 'manual')),
    primary key (account_id, id),
    foreign key (product_id, kind) references products (id, kind),
    -- A copy in the order of ids may meet a child before its parent.
    foreign key (account_id, parent_id) references services (account_id, id) deferrable,
    foreign key (account_id, open_order_id) references orders (account_id, id),
    check (cancelled_at is null or mode = 'delete-at-expiry'),
    check ((cancelled_at is null) = (cancel_reason is null) and (cancelled_at is null) = (cancel_ending is null)
        and (cancelled_at is null) = (mode_before is null))
);
create unique index services_by_name on services (kind, name);
create index services_by_parent on services (account_id, parent_id, id) where parent_id is not null;
-- With the account, so that a page of what is due reads this index alone.
create index services_by_until on services (until_date, id, account_id);

create table service_prices (
    account_id bigint not null,
    service_id bigint not null,
    position bigint not null,
    currency text collate "C" not null check (length(currency) = 3),
    period text collate "C" not null,
    net_minor bigint not null check (net_minor >= 0),
    primary key (account_id, service_id, position),
    unique (account_id, service_id, currency, period),
    foreign key (account_id, service_id) references services (account_id, id)
);

create table order_lines (
    account_id bigint not null,
    order_id bigint not null,
    position bigint not null,
    service_id bigint not null,
    service_name text collate "C" not null,
    description text collate "C" not null,
    period text collate "C",
    from_date text collate "C" not null check (length(from_date) = 10),
    until_date text collate "C" not null check (length(until_date) = 10),
    list_minor bigint not null check (list_minor >= 0),
    net_minor bigint not null check (net_minor >= 0),
    tax_minor bigint not null check (tax_minor >= 0),
    primary key (account_id, order_id, position),
    check (from_date < until_date)
);

create table coupons (
    id bigint not null unique,
    account_id bigint not null references accounts (id),
    amount_minor bigint not null check (amount_minor > 0),
    currency text collate "C" not null check (length(currency) = 3),
    expires_at bigint,
    used_by bigint,
    primary key (account_id, id),
    foreign key (account_id, used_by) references orders (account_id, id)
);

create table methods (
    id bigint not null unique,
    account_id bigint not null references accounts (id),
    kind text collate "C" not null check (kind in ('card', 'paypal', 'bank-transfer', 'bitcoin')),
    label text collate "C" not null,
    description text collate "C",
    status text collate "C" not null check (status in ('valid', 'cancelled')),
    preference text collate "C" not null check (preference in ('default', 'other')),
    expires_on text collate "C" check (length(expires_on) = 10),
    created_at bigint not null,
    primary key (account_id, id),
    unique (account_id, kind, label)
);
create unique index methods_default on methods (account_id) where preference = 'default';

-- One payment an order: that it is the key says so, as an order is of one account.
create table payments (
    order_id bigint not null,
    account_id bigint not null,
    kind text collate "C" not null
        check (kind in ('balance', 'credit-line', 'card', 'paypal', 'bank-transfer', 'bitcoin')),
    method_id bigint,
    amount_minor bigint not null check (amount_minor >= 0),
    currency text collate "C" not null,
    from_balance_minor bigint not null,
    paid_at bigint not null,
    primary key (account_id, order_id),
    check (from_balance_minor between 0 and amount_minor)
);

-- One paid span from one old expiry: that it is the key says so, as a service is of one account.
create table extensions (
    account_id bigint not null,
    service_id bigint not null,
    from_date text collate "C" not null check (length(from_date) = 10),
    until_date text collate "C" not null check (length(until_date) = 10),
    order_id bigint not null,
    primary key (account_id, service_id, from_date),
    check (from_date < until_date)
);

create table invoices (
    id bigint not null,
    account_id bigint not null,
    kind text collate "C" not null check (kind in ('original', 'credit-note')),
    corrects bigint,
    series text collate "C" not null,
    number bigint not null check (number > 0),
    order_id bigint not null,
    issued_at bigint not null,
    currency text collate "C" not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
    check ((kind = 'credit-note') = (corrects is not null)),
    check ((kind = 'original' and net_minor >= 0 and tax_minor >= 0)
        or (kind = 'credit-note' and net_minor <= 0 and tax_minor <= 0))
);
create index invoices_by_account on invoices (account_id, issued_at);
alter table invoices add unique (series, number), add unique (account_id, order_id, kind), add unique (id),
    add primary key (account_id, id);
alter table invoices add foreign key (account_id, corrects) references invoices (account_id, id);

-- The ledger itself. The books kept per account carry their running sum, so that reading one is reading its last row,
-- and no transfer can take one below zero. Ids come from a sequence: in the order of commits, as writers take turns,
-- and with gaps, where a transaction was rolled back.
create table transfers (
    id bigint generated by default as identity,
    account_id bigint not null,
    debit text collate "C" not null check (debit in ('balance', 'collected-card', 'receivable', 'collected-paypal',
        'collected-bank-transfer', 'collected-bitcoin', 'revenue', 'tax', 'adjustment')),
    credit text collate "C" not null check (credit in ('revenue', 'tax', 'balance', 'receivable', 'collected-card',
        'collected-paypal', 'collected-bank-transfer', 'collected-bitcoin', 'adjustment')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text collate "C" not null,
    order_id bigint,
    booked_at bigint not null,
    memo text collate "C",
    balance_after_minor bigint check (balance_after_minor >= 0),
    receivable_after_minor bigint check (receivable_after_minor >= 0),
    primary key (account_id, id),
    check (debit <> credit),
    check (('balance' in (debit, credit)) = (balance_after_minor is not null)),
    check (('receivable' in (debit, credit)) = (receivable_after_minor is not null))
);
create index transfers_of_balance on transfers (account_id, id) where balance_after_minor is not null;
create index transfers_of_receivable on transfers (account_id, id) where receivable_after_minor is not null;

create table payment_links (
    order_id bigint not null,
    account_id bigint not null,
    token text collate "C" not null unique,
    created_at bigint not null,
    views bigint not null check (views >= 0),
    viewed_at bigint,
    primary key (account_id, order_id),
    constraint payment_links_are_of_the_account
        foreign key (account_id, order_id) references orders (account_id, id),
    check ((views = 0) = (viewed_at is null))
);

create table jobs (
    id bigint not null unique,
    account_id bigint not null references accounts (id),
    kind text collate "C" not null,
    order_id bigint,
    report text collate "C" not null,
    done_at bigint not null,
    primary key (account_id, id),
    constraint jobs_are_of_the_account foreign key (account_id, order_id) references orders (account_id, id)
);

create table replays (
    account_id bigint not null,
    operation text collate "C" not null,
    token text collate "C" not null,
    digest bytea not null check (length(digest) = 32),
    answer text collate "C" not null check (answer in ('placed', 'paid')),
    order_id bigint not null,
    keep_until bigint not null,
    primary key (account_id, operation, token)
);
create index replays_by_end on replays (keep_until);

-- Who may call, looked up before the account is known: these keys are not of an account.
create table applications (
    id bigint primary key,
    owner_id bigint not null references accounts (id),
    dialect text collate "C" not null,
    key text collate "C" not null,
    secret_sealed bytea not null,
    name text collate "C" not null,
    description text collate "C" not null,
    flow text collate "C" not null check (flow in ('signature', 'client-credentials')),
    status text collate "C" not null check (status in ('active', 'revoked')),
    created_at bigint not null,
    unique (dialect, key)
);
create index applications_by_owner on applications (owner_id);

create table credentials (
    id bigint primary key,
    dialect text collate "C" not null,
    application_id bigint references applications (id),
    account_id bigint references accounts (id),
    digest bytea not null check (length(digest) = 32),
    label text collate "C" not null,
    status text collate "C" not null check (status in ('pending', 'validated', 'refused', 'expired')),
    rules text collate "C" not null,
    allowed_ips text collate "C" not null,
    redirection text collate "C",
    approval_digest bytea check (length(approval_digest) = 32),
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    check (status <> 'validated' or account_id is not null)
);
create unique index credentials_by_digest on credentials (digest, dialect);
create unique index credentials_pending on credentials (approval_digest) where approval_digest is not null;
create index credentials_by_end on credentials (expires_at) where expires_at is not null;
create index credentials_by_account on credentials (account_id) where account_id is not null;
create index credentials_by_application on credentials (application_id) where application_id is not null;

-- Numbers that signed requests carried once. Most go within the hour.
create table nonces (
    application_id bigint not null references applications (id),
    digest bytea not null check (length(digest) = 32),
    keep_until bigint not null,
    primary key (application_id, digest)
);
create index nonces_by_end on nonces (keep_until);

create table terminations (
    service_id bigint not null,
    account_id bigint not null,
    token_digest bytea not null check (length(token_digest) = 32),
    until_date text collate "C" not null check (length(until_date) = 10),
    requested_at bigint not null,
    primary key (account_id, service_id),
    foreign key (account_id, service_id) references services (account_id, id)
);

-- Ids are never given twice: whoever delivers a notice may use its id to deliver it once.
create table notices (
    id bigint generated by default as identity unique,
    account_id bigint not null references accounts (id),
    kind text collate "C" not null check (kind in ('termination-requested')),
    service_id bigint not null,
    name text collate "C" not null,
    token text collate "C" not null,
    caused_at bigint not null,
    sent_at bigint,
    -- The node that is about to let it leave, and until when it is left to that node.
    claimed_by text collate "C",
    claimed_until bigint,
    primary key (account_id, id),
    foreign key (account_id, service_id) references services (account_id, id),
    check ((claimed_by is null) = (claimed_until is null))
);
create index notices_waiting on notices (id) where sent_at is null;
create index notices_sent on notices (sent_at) where sent_at is not null;

-- Refuses, in the words that a trigger gives.
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception using message = tg_argv[0], errcode = 'integrity_constraint_violation';
end
$$;

-- A function is kept as planned when it first runs, which may be on an empty table. So those that look rows up do it in
-- a subquery a row, by an id or a whole key, and may not scan: then there is one plan.

-- An order: open, then fulfilled or cancelled, once. What it is for and whose it is never changes; what it comes to and
-- how it is meant to be paid stays from the moment it is settled.

create trigger orders_start_open before insert on orders for each row when (new.state <> 'open')
execute function refuse('an order starts open');

create function check_orders() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select accounts.currency <> written.currency from accounts where accounts.id = written.account_id
        ), true)
    ) then
        raise exception 'an order is of an account, in its currency' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger orders_are_of_accounts after insert on orders referencing new table as written
for each statement execute function check_orders();

create trigger orders_settle_once before update of state, settled_at on orders for each row when (old.state <> 'open')
execute function refuse('an order is settled once');

create trigger orders_stay before update of id, account_id, origin, purpose, placed_at, lapses_at, password, currency
    on orders for each row
execute function refuse('what an order is for stays');

create trigger orders_are_revised_while_open before update of promo, net_minor, tax_minor, gross_minor, pays_by_itself,
    pay_with, from_balance_minor, tax, tax_ppm on orders for each row
when (old.state <> 'open' or new.state <> 'open')
execute function refuse('what a settled order says stays');

create trigger orders_never_go before delete on orders for each row
execute function refuse('an order stays on file');

create function check_order_lines() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select orders.account_id <> written.account_id or orders.state <> 'open' or orders.purpose = 'deposit'
            from orders where orders.id = written.order_id
        ), true)
        or not coalesce((
            select services.account_id = written.account_id from services where services.id = written.service_id
        ), false)
    ) then
        raise exception 'an order line is for a service of the account, while the order is open'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger order_lines_of_open_orders after insert on order_lines referencing new table as written
for each statement execute function check_order_lines();

create trigger order_lines_stay before update on order_lines for each row
execute function refuse('an order line stays, or makes way for another');

create function check_order_lines_gone() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from gone
        where coalesce((
            select orders.account_id <> gone.account_id or orders.state <> 'open'
            from orders where orders.id = gone.order_id
        ), true)
    ) then
        raise exception 'what a settled order says stays' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger order_lines_go_while_open after delete on order_lines referencing old table as gone
for each statement execute function check_order_lines_gone();

create trigger payment_links_stay before update of order_id, account_id, token, created_at on payment_links for each row
execute function refuse('a payment link stays as it is');

create trigger payment_links_never_go before delete on payment_links for each row
execute function refuse('a payment link stays on file');

create trigger jobs_stay before update on jobs for each row
execute function refuse('a report of work stays as it is');

create trigger jobs_never_go before delete on jobs for each row
execute function refuse('a report of work stays on file');

-- What follows from a paid order.

create function check_payments() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select orders.account_id <> written.account_id or orders.state <> 'fulfilled'
                or orders.gross_minor <> written.amount_minor or orders.currency <> written.currency
            from orders where orders.id = written.order_id
        ), true)
        or written.method_id is not null and not coalesce((
            select methods.account_id = written.account_id from methods where methods.id = written.method_id
        ), false)
    ) then
        raise exception 'a payment is the gross of a fulfilled order of the account'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger payments_settle after insert on payments referencing new table as written
for each statement execute function check_payments();

create trigger payments_stay before update on payments for each row
execute function refuse('a payment stays as it is');

create trigger payments_never_go before delete on payments for each row
execute function refuse('a payment stays on file');

-- One statement may write several spans of a service, each starting where another ends: the key lets none start twice.
create function check_extensions() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select orders.account_id <> written.account_id or orders.state <> 'fulfilled'
            from orders where orders.id = written.order_id
        ), true)
        or coalesce((
            select services.account_id <> written.account_id
                or services.until_date <> written.from_date and not exists (
                    select 1 from extensions before
                    where before.account_id = written.account_id and before.service_id = written.service_id
                        and before.from_date < written.from_date and before.until_date = written.from_date
                )
            from services where services.id = written.service_id
        ), true)
    ) then
        raise exception 'a paid span starts at the expiry of a service of the account, by a fulfilled order'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger extensions_follow after insert on extensions referencing new table as written
for each statement execute function check_extensions();

create trigger extensions_stay before update on extensions for each row
execute function refuse('a paid span stays as it is');

create trigger extensions_never_go before delete on extensions for each row
execute function refuse('a paid span stays on file');

-- Several spans may move an expiry at once: one starts where it was, one ends where it goes, and as each starts where
-- another ends, none is missing between.
create function check_expiries() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from (
            select account_id, id, max(until_date) filter (where not is_new) as was_until,
                max(until_date) filter (where is_new) as until_date
            from (
                select account_id, id, until_date, false as is_new from was
                union all select account_id, id, until_date, true from written
            ) sides
            group by account_id, id
        ) moved
        where moved.until_date <> moved.was_until and not exists (
            select 1 from extensions
            where extensions.account_id = moved.account_id and extensions.service_id = moved.id
                and extensions.from_date = moved.was_until and extensions.until_date = moved.until_date
        ) and not (moved.until_date > moved.was_until and exists (
            select 1 from extensions first
            where first.account_id = moved.account_id and first.service_id = moved.id
                and first.from_date = moved.was_until
        ) and exists (
            select 1 from extensions last
            where last.account_id = moved.account_id and last.service_id = moved.id
                and last.from_date > moved.was_until and last.until_date = moved.until_date
        ))
    ) then
        raise exception 'an expiry moves by a paid span only' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger services_until_is_paid after update on services referencing old table as was new table as written
for each statement execute function check_expiries();

create trigger services_stay_with_their_account before update of id, account_id on services for each row
execute function refuse('a service stays with its account');

create function check_invoices() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select orders.account_id <> written.account_id or orders.state <> 'fulfilled'
                or orders.currency <> written.currency
            from orders where orders.id = written.order_id
        ), true)
    ) then
        raise exception 'an invoice is about a fulfilled order of the account'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger invoices_state_orders after insert on invoices referencing new table as written
for each statement execute function check_invoices();

create trigger invoices_stay before update on invoices for each row
execute function refuse('an invoice is never edited');

create trigger invoices_never_go before delete on invoices for each row
execute function refuse('an invoice stays on file');

create function check_transfers() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where coalesce((
            select accounts.currency <> written.currency from accounts where accounts.id = written.account_id
        ), true)
        or written.order_id is not null and not coalesce((
            select orders.account_id = written.account_id from orders where orders.id = written.order_id
        ), false)
    ) then
        raise exception 'a transfer is of an account, in its currency, for an order of it'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger transfers_are_of_accounts after insert on transfers referencing new table as written
for each statement execute function check_transfers();

create trigger transfers_stay before update on transfers for each row
execute function refuse('a transfer is never edited');

create trigger transfers_never_go before delete on transfers for each row
execute function refuse('a transfer stays on file');

create function check_replays() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from written
        where not coalesce((
            select orders.account_id = written.account_id from orders where orders.id = written.order_id
        ), false)
    ) then
        raise exception 'a remembered reply tells of an order of the account'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
create trigger replays_are_of_the_account after insert on replays referencing new table as written
for each statement execute function check_replays();

create trigger replays_stay_of_the_account after update on replays referencing new table as written
for each statement execute function check_replays();

create function check_coupons() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select 1 from orders
        where orders.account_id = old.account_id and orders.id = old.used_by and orders.state = 'fulfilled'
    ) then
        raise exception 'a coupon is used once' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger coupons_are_used_once before update of used_by on coupons for each row when (old.used_by is not null)
execute function check_coupons();

create trigger coupons_stay_with_their_account before update of id, account_id on coupons for each row
execute function refuse('a coupon stays with its account');

-- What the triggers above look up stays while it is named. (Orders stay anyway.)

create function check_named() returns trigger language plpgsql set enable_seqscan = off as $$
declare
    named boolean;
begin
    if tg_table_name = 'accounts' then
        named := exists (select 1 from orders where account_id = old.id)
            or exists (select 1 from transfers where account_id = old.id);
    elsif tg_table_name = 'services' then
        named := exists (select 1 from order_lines where account_id = old.account_id and service_id = old.id);
    else
        named := exists (select 1 from payments where account_id = old.account_id and method_id = old.id);
    end if;
    if named then
        raise exception 'what the ledger names stays' using errcode = 'integrity_constraint_violation';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end
$$;
create trigger accounts_stay_while_named before delete on accounts for each row execute function check_named();

create trigger accounts_keep_their_currency before update of id, currency on accounts for each row
when (old.id <> new.id or old.currency <> new.currency)
execute function check_named();

create trigger services_stay_while_named before delete on services for each row execute function check_named();

create trigger methods_stay_while_named before delete on methods for each row execute function check_named();

create trigger methods_keep_their_account before update of id, account_id on methods for each row
when (old.id <> new.id or old.account_id <> new.account_id)
execute function check_named();
