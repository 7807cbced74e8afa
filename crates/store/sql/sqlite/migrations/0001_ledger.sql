-- The ledger: master data, orders and what was paid for them. What must never happen is refused here as well as in code.
--
-- Tables that each renewal writes list their words with `or`: for `in` and more than two words SQLite builds a table
-- in memory each time a row is checked.

create table seller (
    only_row integer primary key check (only_row = 1),
    name text not null,
    address text not null,
    vat_number text,
    invoice_series text not null,
    credit_series text not null,
    collects text not null,
    check (invoice_series <> credit_series)
) strict;

-- One row that counts up whenever the price list changes, so that every connection knows when to read it again.
create table catalogue (
    only_row integer primary key check (only_row = 1),
    version integer not null
) strict;
insert into catalogue (only_row, version) values (1, 1);

-- The same for accounts, applications and credentials: who may call, and for whom.
create table access (
    only_row integer primary key check (only_row = 1),
    version integer not null
) strict;
insert into access (only_row, version) values (1, 1);

create table accounts (
    id integer primary key,
    code text not null unique,
    name text not null,
    email text not null,
    country text not null,
    vat_number text,
    currency text not null check (length(currency) = 3),
    tax text not null check (tax in ('standard', 'reverse-charge', 'exempt')),
    tax_ppm integer not null check (tax_ppm between 0 and 1000000),
    zone text not null,
    credit_limit_minor integer not null,
    standing text not null check (standing in ('customer', 'reseller')),
    page_password text,
    facts text not null,
    created_at integer not null,
    -- What belongs to an account names its currency too, and so can be in no other.
    unique (id, currency)
) strict;

create table products (
    id integer primary key,
    code text not null unique,
    name text not null,
    kind text not null check (kind in ('server', 'domain', 'hosting', 'instance', 'addon', 'ip', 'support')),
    renewability text not null check (renewability in ('one-open', 'stacking', 'one-shot')),
    grace_days integer not null check (grace_days >= 0),
    suspension_days integer not null check (suspension_days >= 0),
    ahead_months_max integer not null check (ahead_months_max >= 0),
    facts text not null,
    unique (id, kind)
) strict;

create table product_prices (
    product_id integer not null references products (id),
    position integer not null,
    currency text not null check (length(currency) = 3),
    period text not null,
    net_minor integer not null check (net_minor >= 0),
    primary key (product_id, position),
    unique (product_id, currency, period)
) strict, without rowid;

create table promos (
    code text primary key,
    off_ppm integer not null check (off_ppm between 0 and 1000000),
    products text not null,
    months_min integer not null check (months_min >= 0),
    starts_at integer,
    ends_at integer
) strict, without rowid;

create table orders (
    id integer primary key,
    account_id integer not null,
    state text not null check (state = 'open' or state = 'fulfilled' or state = 'cancelled'),
    settled_at integer,
    origin text not null check (origin in ('customer', 'schedule')),
    purpose text not null check (purpose = 'renewal' or purpose = 'purchase' or purpose = 'deposit'),
    promo text,
    placed_at integer not null,
    lapses_at integer not null,
    password text not null,
    currency text not null,
    net_minor integer not null check (net_minor >= 0),
    tax_minor integer not null check (tax_minor >= 0),
    gross_minor integer not null check (gross_minor = net_minor + tax_minor),
    pays_by_itself integer not null check (pays_by_itself in (0, 1)),
    pay_with text check (pay_with = 'balance' or pay_with = 'credit-line' or pay_with = 'card' or pay_with = 'paypal'
        or pay_with = 'bank-transfer' or pay_with = 'bitcoin'),
    from_balance_minor integer not null check (from_balance_minor between 0 and gross_minor),
    tax text not null check (tax = 'standard' or tax = 'reverse-charge' or tax = 'exempt'),
    tax_ppm integer not null check (tax_ppm between 0 and 1000000),
    foreign key (account_id, currency) references accounts (id, currency),
    check ((state = 'open') = (settled_at is null)),
    check (purpose <> 'deposit' or tax_minor = 0)
) strict;
create index orders_by_account on orders (account_id, placed_at);

create table services (
    id integer primary key,
    account_id integer not null references accounts (id),
    product_id integer not null,
    kind text not null,
    parent_id integer references services (id),
    name text not null,
    display_name text,
    created_on text not null check (length(created_on) = 10),
    until_date text not null check (length(until_date) = 10),
    anchor_day integer not null check (anchor_day between 1 and 31),
    mode text not null check (mode = 'automatic' or mode = 'manual' or mode = 'delete-at-expiry'),
    period text not null,
    hold text not null check (hold = 'none' or hold = 'locked' or hold = 'suspended' or hold = 'unpaid'
        or hold = 'terminated'),
    open_order_id integer references orders (id),
    facts text not null,
    version integer not null,
    cancelled_at integer,
    cancel_reason text,
    cancel_ending text check (cancel_ending in ('at-expiry', 'now')),
    mode_before text check (mode_before in ('automatic', 'manual')),
    foreign key (product_id, kind) references products (id, kind),
    check (cancelled_at is null or mode = 'delete-at-expiry'),
    check ((cancelled_at is null) = (cancel_reason is null) and (cancelled_at is null) = (cancel_ending is null)
        and (cancelled_at is null) = (mode_before is null))
) strict;
create unique index services_by_name on services (kind, name);
create index services_by_account on services (account_id);
create index services_by_parent on services (parent_id) where parent_id is not null;
-- With the account, so that a page of what is due reads this index alone.
create index services_by_until on services (until_date, id, account_id);

create table service_prices (
    service_id integer not null references services (id),
    position integer not null,
    currency text not null check (length(currency) = 3),
    period text not null,
    net_minor integer not null check (net_minor >= 0),
    primary key (service_id, position),
    unique (service_id, currency, period)
) strict, without rowid;

create table order_lines (
    order_id integer not null references orders (id),
    position integer not null,
    service_id integer not null references services (id),
    service_name text not null,
    description text not null,
    period text,
    from_date text not null check (length(from_date) = 10),
    until_date text not null check (length(until_date) = 10 and from_date < until_date),
    list_minor integer not null check (list_minor >= 0),
    net_minor integer not null check (net_minor >= 0),
    tax_minor integer not null check (tax_minor >= 0),
    primary key (order_id, position)
) strict, without rowid;

create table coupons (
    id integer primary key,
    account_id integer not null,
    amount_minor integer not null check (amount_minor > 0),
    currency text not null check (length(currency) = 3),
    expires_at integer,
    used_by integer references orders (id),
    foreign key (account_id) references accounts (id)
) strict;
create index coupons_by_account on coupons (account_id);

create table methods (
    id integer primary key,
    account_id integer not null references accounts (id),
    kind text not null check (kind in ('card', 'paypal', 'bank-transfer', 'bitcoin')),
    label text not null,
    description text,
    status text not null check (status in ('valid', 'cancelled')),
    preference text not null check (preference in ('default', 'other')),
    expires_on text check (length(expires_on) = 10),
    created_at integer not null,
    unique (account_id, kind, label)
) strict;
create unique index methods_default on methods (account_id) where preference = 'default';

-- One payment an order: that it is the key says so.
create table payments (
    order_id integer primary key,
    account_id integer not null,
    kind text not null check (kind = 'balance' or kind = 'credit-line' or kind = 'card' or kind = 'paypal'
        or kind = 'bank-transfer' or kind = 'bitcoin'),
    method_id integer references methods (id),
    amount_minor integer not null check (amount_minor >= 0),
    currency text not null,
    from_balance_minor integer not null check (from_balance_minor between 0 and amount_minor),
    paid_at integer not null
) strict;

-- One paid span from one old expiry: that it is the key says so.
create table extensions (
    service_id integer not null,
    from_date text not null check (length(from_date) = 10),
    until_date text not null check (length(until_date) = 10 and from_date < until_date),
    order_id integer not null,
    primary key (service_id, from_date)
) strict, without rowid;

create table invoices (
    id integer primary key,
    account_id integer not null,
    kind text not null check (kind in ('original', 'credit-note')),
    corrects integer references invoices (id),
    series text not null,
    number integer not null check (number > 0),
    order_id integer not null,
    issued_at integer not null,
    currency text not null,
    net_minor integer not null,
    tax_minor integer not null,
    gross_minor integer not null check (gross_minor = net_minor + tax_minor),
    unique (series, number),
    unique (order_id, kind),
    check ((kind = 'credit-note') = (corrects is not null)),
    check ((kind = 'original' and net_minor >= 0 and tax_minor >= 0)
        or (kind = 'credit-note' and net_minor <= 0 and tax_minor <= 0))
) strict;
create index invoices_by_account on invoices (account_id, issued_at);

-- The ledger itself. The books kept per account carry their running sum, so that reading one is reading its last row,
-- and no transfer can take one below zero.
create table transfers (
    id integer primary key,
    account_id integer not null,
    debit text not null check (debit = 'balance' or debit = 'collected-card' or debit = 'receivable'
        or debit = 'collected-paypal' or debit = 'collected-bank-transfer' or debit = 'collected-bitcoin'
        or debit = 'revenue' or debit = 'tax' or debit = 'adjustment'),
    credit text not null check (credit = 'revenue' or credit = 'tax' or credit = 'balance' or credit = 'receivable'
        or credit = 'collected-card' or credit = 'collected-paypal' or credit = 'collected-bank-transfer'
        or credit = 'collected-bitcoin' or credit = 'adjustment'),
    amount_minor integer not null check (amount_minor > 0),
    currency text not null,
    order_id integer references orders (id),
    booked_at integer not null,
    memo text,
    balance_after_minor integer check (balance_after_minor >= 0),
    receivable_after_minor integer check (receivable_after_minor >= 0),
    foreign key (account_id, currency) references accounts (id, currency),
    check (debit <> credit),
    check (('balance' in (debit, credit)) = (balance_after_minor is not null)),
    check (('receivable' in (debit, credit)) = (receivable_after_minor is not null))
) strict;
create index transfers_of_balance on transfers (account_id, id) where balance_after_minor is not null;
create index transfers_of_receivable on transfers (account_id, id) where receivable_after_minor is not null;

-- A trigger looks the order of a payment link or of a report up, so a foreign key beside it would look twice.
create table payment_links (
    order_id integer primary key,
    account_id integer not null,
    token text not null unique,
    created_at integer not null,
    views integer not null check (views >= 0),
    viewed_at integer,
    check ((views = 0) = (viewed_at is null))
) strict;

create table jobs (
    id integer primary key,
    account_id integer not null references accounts (id),
    kind text not null,
    order_id integer,
    report text not null,
    done_at integer not null
) strict;

create table replays (
    account_id integer not null,
    operation text not null,
    token text not null,
    digest blob not null check (length(digest) = 32),
    answer text not null check (answer in ('placed', 'paid')),
    order_id integer not null references orders (id),
    keep_until integer not null,
    primary key (account_id, operation, token)
) strict, without rowid;
create index replays_by_end on replays (keep_until);

-- Texts that signed requests carried once. Most go within two hours.
create table nonces (
    application_id integer not null references applications (id),
    digest blob not null check (length(digest) = 32),
    keep_until integer not null,
    primary key (application_id, digest)
) strict, without rowid;
create index nonces_by_end on nonces (keep_until);

create table terminations (
    service_id integer primary key references services (id),
    account_id integer not null references accounts (id),
    token_digest blob not null check (length(token_digest) = 32),
    until_date text not null check (length(until_date) = 10),
    requested_at integer not null
) strict;

create table applications (
    id integer primary key,
    owner_id integer not null references accounts (id),
    dialect text not null,
    key text not null,
    secret_sealed blob not null,
    name text not null,
    description text not null,
    flow text not null check (flow in ('signature', 'client-credentials')),
    status text not null check (status in ('active', 'revoked')),
    created_at integer not null,
    unique (dialect, key)
) strict;
create index applications_by_owner on applications (owner_id);

create table credentials (
    id integer primary key,
    dialect text not null,
    application_id integer references applications (id),
    account_id integer references accounts (id),
    digest blob not null check (length(digest) = 32),
    label text not null,
    status text not null check (status in ('pending', 'validated', 'refused', 'expired')),
    rules text not null,
    allowed_ips text not null,
    redirection text,
    approval_digest blob check (length(approval_digest) = 32),
    created_at integer not null,
    expires_at integer,
    last_used_at integer,
    check (status <> 'validated' or account_id is not null)
) strict;
create unique index credentials_by_digest on credentials (digest, dialect);
create unique index credentials_pending on credentials (approval_digest) where approval_digest is not null;
create index credentials_by_end on credentials (expires_at) where expires_at is not null;
create index credentials_by_account on credentials (account_id) where account_id is not null;
create index credentials_by_application on credentials (application_id) where application_id is not null;

-- Ids are never given twice: whoever delivers a notice may use its id to deliver it once.
create table notices (
    id integer primary key autoincrement,
    account_id integer not null references accounts (id),
    kind text not null check (kind in ('termination-requested')),
    service_id integer not null references services (id),
    name text not null,
    token text not null,
    caused_at integer not null,
    sent_at integer,
    -- The node that is about to let it leave, and until when it is left to that node.
    claimed_by text,
    claimed_until integer,
    check ((claimed_by is null) = (claimed_until is null))
) strict;
create index notices_waiting on notices (id) where sent_at is null;
create index notices_sent on notices (sent_at) where sent_at is not null;

-- An order: open, then fulfilled or cancelled, once. What it is for and whose it is never changes; what it comes to and
-- how it is meant to be paid stays from the moment it is settled.

create trigger orders_start_open before insert on orders when new.state <> 'open'
begin select raise(abort, 'an order starts open'); end;

create trigger orders_settle_once before update of state, settled_at on orders when old.state <> 'open'
begin select raise(abort, 'an order is settled once'); end;

create trigger orders_stay before update of id, account_id, origin, purpose, placed_at, lapses_at, password, currency
    on orders
begin select raise(abort, 'what an order is for stays'); end;

create trigger orders_are_revised_while_open before update of promo, net_minor, tax_minor, gross_minor, pays_by_itself,
    pay_with, from_balance_minor, tax, tax_ppm on orders
when old.state <> 'open' or new.state <> 'open'
begin select raise(abort, 'what a settled order says stays'); end;

create trigger orders_never_go before delete on orders
begin select raise(abort, 'an order stays on file'); end;

create trigger order_lines_of_open_orders before insert on order_lines
when not exists (
    select 1 from orders join services on services.account_id = orders.account_id
    where orders.id = new.order_id and orders.state = 'open' and orders.purpose <> 'deposit'
        and services.id = new.service_id
)
begin select raise(abort, 'an order line is for a service of the account, while the order is open'); end;

create trigger order_lines_stay before update on order_lines
begin select raise(abort, 'an order line stays, or makes way for another'); end;

create trigger order_lines_go_while_open before delete on order_lines
when not exists (select 1 from orders where id = old.order_id and state = 'open')
begin select raise(abort, 'what a settled order says stays'); end;

create trigger payment_links_are_of_the_account before insert on payment_links
when not exists (select 1 from orders where id = new.order_id and account_id = new.account_id)
begin select raise(abort, 'a payment link is of an order of the account'); end;

create trigger payment_links_stay before update of order_id, account_id, token, created_at on payment_links
begin select raise(abort, 'a payment link stays as it is'); end;

create trigger payment_links_never_go before delete on payment_links
begin select raise(abort, 'a payment link stays on file'); end;

create trigger jobs_are_of_the_account before insert on jobs
when new.order_id is not null
    and not exists (select 1 from orders where id = new.order_id and account_id = new.account_id)
begin select raise(abort, 'a report of work is about an order of the account'); end;

create trigger jobs_stay before update on jobs
begin select raise(abort, 'a report of work stays as it is'); end;

create trigger jobs_never_go before delete on jobs
begin select raise(abort, 'a report of work stays on file'); end;

-- What follows from a paid order. These look the order up, so a foreign key beside them would look twice.

create trigger payments_settle before insert on payments
when not exists (
    select 1 from orders
    where id = new.order_id and account_id = new.account_id and state = 'fulfilled'
        and gross_minor = new.amount_minor and currency = new.currency
)
begin select raise(abort, 'a payment is the gross of a fulfilled order of the account'); end;

create trigger payments_stay before update on payments
begin select raise(abort, 'a payment stays as it is'); end;

create trigger payments_never_go before delete on payments
begin select raise(abort, 'a payment stays on file'); end;

create trigger extensions_follow before insert on extensions
when not exists (
    select 1 from services join orders on orders.id = new.order_id
    where services.id = new.service_id and services.until_date = new.from_date
        and orders.account_id = services.account_id and orders.state = 'fulfilled'
)
begin select raise(abort, 'a paid span starts at the expiry of a service of the account, by a fulfilled order'); end;

create trigger extensions_stay before update on extensions
begin select raise(abort, 'a paid span stays as it is'); end;

create trigger extensions_never_go before delete on extensions
begin select raise(abort, 'a paid span stays on file'); end;

create trigger services_until_is_paid before update of until_date on services
when new.until_date <> old.until_date and not exists (
    select 1 from extensions
    where service_id = new.id and from_date = old.until_date and until_date = new.until_date
)
begin select raise(abort, 'an expiry moves by a paid span only'); end;

create trigger services_stay_with_their_account before update of id, account_id on services
begin select raise(abort, 'a service stays with its account'); end;

create trigger services_belong_to_one_of_their_account before insert on services
when new.parent_id is not null and not exists (
    select 1 from services where id = new.parent_id and account_id = new.account_id
)
begin select raise(abort, 'a service belongs to one of its account'); end;

create trigger services_move_to_one_of_their_account before update of parent_id on services
when new.parent_id is not null and not exists (
    select 1 from services where id = new.parent_id and account_id = new.account_id
)
begin select raise(abort, 'a service belongs to one of its account'); end;

create trigger invoices_state_orders before insert on invoices
when not exists (
    select 1 from orders
    where id = new.order_id and account_id = new.account_id and state = 'fulfilled' and currency = new.currency
)
begin select raise(abort, 'an invoice is about a fulfilled order of the account'); end;

create trigger invoices_stay before update on invoices
begin select raise(abort, 'an invoice is never edited'); end;

create trigger invoices_never_go before delete on invoices
begin select raise(abort, 'an invoice stays on file'); end;

create trigger transfers_stay before update on transfers
begin select raise(abort, 'a transfer is never edited'); end;

create trigger transfers_never_go before delete on transfers
begin select raise(abort, 'a transfer stays on file'); end;

create trigger coupons_stay_with_their_account before update of id, account_id on coupons
begin select raise(abort, 'a coupon stays with its account'); end;

create trigger coupons_are_used_once before update of used_by on coupons
when exists (select 1 from orders where id = old.used_by and state = 'fulfilled')
begin select raise(abort, 'a coupon is used once'); end;
