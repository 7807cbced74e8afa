-- One renewal by one call: the rows that the product leaves behind, in its order, and no rule.
create sequence renewals owned by orders.id start 1;
create function renew(the_service bigint, random bigint) returns bigint language plpgsql as $$
declare
    the_account bigint := (the_service - 1) % 64 + 1;
    the_order bigint;
    now_us bigint := extract(epoch from clock_timestamp()) * 1000000;
    token_renew text := md5(random::text);
    token_pay text := md5((-random)::text);
    digest_renew bytea := sha256(random::text::bytea);
    seen services;
    payer accounts;
    means methods;
    next_date text;
begin
    if exists (select from replays where account_id = the_account and operation = 'renew' and token = token_renew)
        or exists (select from replays where account_id = the_account and operation = 'pay' and token = token_pay)
    then
        raise exception 'a fresh token was used before';
    end if;
    select * into payer from accounts where id = the_account;
    select * into means from methods where account_id = the_account and id = the_account;
    -- A call that renews the same service at the same time waits here.
    select * into seen from services where account_id = the_account and id = the_service for update;
    next_date := (seen.until_date::date + interval '1 month')::date;
    the_order := nextval('renewals');

    insert into orders (id, account_id, state, settled_at, origin, purpose, promo, placed_at, lapses_at, password,
        currency, net_minor, tax_minor, gross_minor, pays_by_itself, pay_with, from_balance_minor, tax, tax_ppm)
    values (the_order, the_account, 'open', null, 'customer', 'renewal', null, now_us, now_us + 86400000000,
        left(token_renew, 16), payer.currency, 500, 100, 600, 1, null, 0, payer.tax, payer.tax_ppm);
    insert into order_lines (account_id, order_id, position, service_id, service_name, description, period, from_date,
        until_date, list_minor, net_minor, tax_minor)
    values (the_account, the_order, 1, the_service, seen.name, 'vps', seen.period, seen.until_date, next_date, 500, 500,
        100);
    update services set display_name = seen.display_name, mode = seen.mode, period = seen.period, hold = seen.hold,
        open_order_id = the_order, cancelled_at = null, cancel_reason = null, cancel_ending = null, mode_before = null,
        version = version + 1
    where account_id = the_account and id = the_service and version = seen.version;
    insert into replays (account_id, operation, token, digest, answer, order_id, keep_until)
    values (the_account, 'renew', token_renew, digest_renew, 'placed', the_order, now_us + 126489600000000);

    update orders set state = 'fulfilled', settled_at = now_us where account_id = the_account and id = the_order;
    insert into extensions (account_id, service_id, from_date, until_date, order_id)
    values (the_account, the_service, seen.until_date, next_date, the_order);
    update services set display_name = seen.display_name, mode = seen.mode, period = seen.period, hold = seen.hold,
        open_order_id = null, until_date = next_date, anchor_day = seen.anchor_day, version = version + 1
    where account_id = the_account and id = the_service and version = seen.version + 1;
    insert into payments (order_id, account_id, kind, method_id, amount_minor, currency, from_balance_minor, paid_at)
    values (the_order, the_account, means.kind, means.id, 600, payer.currency, 0, now_us);
    insert into invoices (id, account_id, kind, corrects, series, number, order_id, issued_at, currency, net_minor,
        tax_minor, gross_minor)
    values (the_order, the_account, 'original', null, 'INV', the_order, the_order, now_us, payer.currency, 500, 100,
        600);
    insert into transfers (account_id, debit, credit, amount_minor, currency, order_id, booked_at)
    values (the_account, 'collected-paypal', 'revenue', 500, payer.currency, the_order, now_us),
        (the_account, 'collected-paypal', 'tax', 100, payer.currency, the_order, now_us);
    insert into replays (account_id, operation, token, digest, answer, order_id, keep_until)
    values (the_account, 'pay', token_pay, digest_renew, 'paid', the_order, now_us + 126489600000000);
    return the_order;
end
$$
