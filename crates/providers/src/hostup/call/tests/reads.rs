//! What is read: the inventory, one service, its offer, and what became of what was sent.

use perennial_core::buyer::remote::{CallError, Finding, Page, Receipt, Sight};

use super::*;

const RENEWAL: &str = "GET /domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/renewal";
const ONE: &str = "GET /domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3";
const NEWEST: &str = "GET /orders?limit=20";
const ORDERS: &str = "GET /orders?limit=100";

fn list(items: &[&str], next: &str) -> String {
    format!(r#"{{"data":[{}],"nextCursor":{next}}}"#, items.join(","))
}

fn id(page: &Page) -> Vec<&str> {
    page.holdings.iter().map(|holding| holding.key.id.as_str()).collect()
}

#[test]
fn the_inventory_is_three_lists_page_after_page() {
    let odd = r#"{"id":"dom_2","name":null,"serviceStatus":"new word","lifecycle":{"autoRenewEnabled":null},"billing":
        {"amount":0.1,"currencyCode":"XXX","billingCycle":null,"periodYears":"4"},"expiresAt":"2027-03-28T10:15:00Z"}"#;
    let unborn = r#"{"id":"dom_3","serviceStatus":"pending","expiresAt":null}"#;
    let over = r#"{"id":"dom_4","serviceStatus":"terminated","expiresAt":"2020-01-01T00:00:00.000Z"}"#;
    let leaving = r#"{"id":"dom_5","lifecycle":{"transferInProgress":true},"expiresAt":"2027-06-30T21:59:59.999Z"}"#;
    let server = r#"{"id":"vps_1","name":"srv1","expiresAt":"2026-12-12T00:00:00.000Z","lifecycle":{"autoRenewEnabled":true},
        "billing":{"billingCycle":"monthly"}}"#;
    let script = Script::default()
        .on("GET /domains?limit=1000", 200, list(&[&domain(BEFORE), unborn, over], "\"a b&\""))
        .on("GET /domains?limit=1000&cursor=a+b%26", 200, list(&[odd, leaving], "null"))
        .on("GET /shared-hosting?limit=100", 200, r#"{"data":[]}"#)
        .on("GET /vps?limit=100", 200, list(&[server], "\"\""));
    let (remote, _) = remote(script);
    let page = |from: Option<&str>| done(remote.inventory(from)).expect("reads");

    let first = page(None);
    assert_eq!(id(&first), [DOMAIN]);
    let shown = &first.holdings[0];
    assert_eq!((shown.stand.until.to_string(), shown.stand.native), ("2026-12-12".to_owned(), Native::Off));
    assert_eq!(
        (shown.stand.expires_at.to_string(), &shown.tags),
        ("2026-12-11T22:59:59Z".to_owned(), &vec!["web".to_owned()])
    );

    let second = page(first.next.as_deref());
    assert_eq!(id(&second), ["dom_2", "dom_5"]);
    let [odd, leaving] = second.holdings.as_slice() else { panic!("{second:?}") };
    assert_eq!((odd.name.as_str(), odd.stand.until.to_string()), ("dom_2", "2027-03-28".to_owned()));
    assert_eq!((odd.stand.native, odd.period), (Native::Untold, Period::parse("P4Y").ok()));
    assert_eq!(leaving.stand.until.to_string(), "2027-07-01");
    assert!(matches!(&leaving.stand.standing, Standing::Blocked(_)));

    let hosting = page(second.next.as_deref());
    let servers = page(hosting.next.as_deref());
    assert_eq!((id(&hosting).len(), id(&servers), &servers.next), (0, vec!["vps_1"], &None));
    let server = &servers.holdings[0];
    assert_eq!(
        (server.kind, server.stand.native, server.period),
        (Kind::Server, Native::On, Period::parse("P1M").ok())
    );
    assert_eq!(server.stand.until.to_string(), "2026-12-12");
}

#[test]
fn an_inventory_that_is_not_whole_is_an_error() {
    for (call, answer, from) in [
        ("GET /domains?limit=1000&cursor=a", Answer::Reply(200, list(&[], "\"a\"")), Some("/domains?a")),
        ("GET /domains?limit=1000", Answer::Reply(200, "{\"data\":[".to_owned()), None),
        (
            "GET /domains?limit=1000",
            Answer::Reply(200, list(&[r#"{"id":"a b","expiresAt":"2027-01-01T00:00:00Z"}"#], "null")),
            None,
        ),
        ("GET /domains?limit=1000", Answer::Reply(200, list(&[r#"{"id":"dom_1","expiresAt":"soon"}"#], "null")), None),
        ("GET /domains?limit=1000", Answer::Reply(500, String::new()), None),
        ("GET /domains?limit=1000", Answer::Wait(600), None),
        ("GET /shared-hosting?limit=100", Answer::Reply(403, problem("forbidden")), Some("/shared-hosting")),
        ("GET /nonsense", Answer::Lost, Some("/nonsense?x")),
    ] {
        let (remote, _) = remote(Script::default().answer(call, answer));
        assert!(done(remote.inventory(from)).is_err(), "{call} {from:?}");
    }
}

#[test]
fn a_read_that_fails_is_made_again() {
    let (remote, script) = remote(
        Script::default()
            .answer("GET /domains?limit=1000", Answer::Lost)
            .answer("GET /domains?limit=1000", Answer::Wait(3))
            .on("GET /domains?limit=1000", 503, problem("upstream_unavailable"))
            .on("GET /domains?limit=1000", 200, list(&[], "null")),
    );
    assert_eq!(done(remote.inventory(None)).expect("reads").next.as_deref(), Some("/shared-hosting"));
    assert_eq!((script.calls().len(), script.slept.lock().unwrap()[1]), (4, Duration::from_secs(3)));
}

/// The domain with a pending order whose members and reference are these.
fn pending_script(invoice: &str, order: &str) -> Script {
    let pending = format!(r#""hasPendingOrder":true,"orderId":"ord_2","invoiceId":"inv_2","renewalInvoice":{invoice}"#);
    Script::default()
        .on(NEWEST, 200, list(&[r#"{"id":"ord_2"}"#, r#"{"id":"ord_1"}"#], "null"))
        .on(RENEWAL, 200, renewal(&pending, CLOSED))
        .on("GET /orders/ord_2", 200, order)
        .on(ONE, 200, domain(BEFORE))
}

fn look(script: Script) -> Result<Option<Sight>, CallError> {
    let (remote, _) = remote(script);
    done(remote.look(&holding(Kind::Domain, DOMAIN)))
}

#[test]
fn a_domain_shows_its_expiry_its_open_order_and_where_the_books_stand() {
    let unpaid = invoice("inv_2", "198.75", "unpaid");
    let sight = look(pending_script(&unpaid, &order(2, DOMAIN, "198.75", "\"annually\"", "Unpaid"))).unwrap().unwrap();
    assert_eq!((sight.stand.until.to_string(), sight.open_orders), ("2026-12-12".to_owned(), vec![placed()]));
    assert_eq!(sight.stand.standing, Standing::Renewable, "its own order is no block");
    assert_eq!((sight.watermark.orders, sight.watermark.balance), (vec!["ord_2".to_owned(), "ord_1".to_owned()], None));

    // Paid, and not carried out yet: not open, and blocked.
    let paid = invoice("inv_2", "198.75", "paid");
    let sight = look(pending_script(&paid, &order(2, DOMAIN, "198.75", "null", "paid"))).unwrap().unwrap();
    assert!(sight.open_orders.is_empty());
    assert_eq!(sight.stand.standing, Standing::Blocked("A renewal is pending".to_owned()));
}

#[test]
fn an_invoice_for_several_things_is_shown_with_all_of_them() {
    let services = |invoice: &str, order: &str| {
        look(pending_script(invoice, order)).unwrap().unwrap().open_orders.remove(0).services
    };
    let unpaid = invoice("inv_2", "500", "unpaid");
    let two = format!(r#"{{"id":"ord_2","items":[{{"serviceId":"{DOMAIN}"}},{{"serviceId":null,"name":"b.se"}}]}}"#);
    assert_eq!(services(&unpaid, &two), [DOMAIN, "b.se"]);
    let whole = unpaid.replace("\"number\":null", r#""lineItems":[{"description":"a"},{"description":"b"}]"#);
    assert_eq!(services(&whole, r#"{"id":"ord_2"}"#), ["a", "b"], "consolidated");
}

#[test]
fn a_look_is_whole_or_none() {
    let unpaid = || invoice("inv_2", "198.75", "unpaid");
    let idle = || Script::default().on(RENEWAL, 200, renewal(IDLE, OPEN));
    assert_eq!(look(Script::default()).expect("is understood"), None, "there is no such domain");
    assert_eq!(look(idle()).expect("is understood"), None, "it went in between");
    for script in [
        Script::default().on(RENEWAL, 404, "<html>"),
        Script::default().on(RENEWAL, 403, problem("forbidden")),
        Script::default().on(RENEWAL, 200, "{}"),
        idle().on(ONE, 200, "{"),
        idle().on(ONE, 500, ""),
        // The order or its invoice cannot be read yet, or stands as nobody knows.
        pending_script(&unpaid(), "x"),
        pending_script("null", r#"{"id":"ord_2"}"#),
        pending_script(&invoice("inv_2", "198.75", "odd"), r#"{"id":"ord_2"}"#),
        pending_script(&invoice("inv_2", "198.75000000000003", "unpaid"), r#"{"id":"ord_2"}"#),
    ] {
        look(script).expect_err("nothing may be concluded");
    }
    // Orders that this key may not list are left out.
    let sight = look(idle().on(ONE, 200, domain(BEFORE)).on(NEWEST, 403, problem("forbidden")));
    assert!(sight.unwrap().unwrap().watermark.orders.is_empty());
}

#[test]
fn an_offer_is_net_and_the_tax_that_was_set() {
    let offers = |renewal: String, lengths: &[Length]| {
        let (remote, script) = remote(Script::default().on(RENEWAL, 200, renewal));
        let offers = done(remote.offers(&holding(Kind::Domain, DOMAIN), lengths)).expect("reads");
        assert_eq!(script.calls(), [RENEWAL], "nothing came of asking");
        offers
    };
    let wanted = ask(Kind::Domain, DOMAIN).offer;
    assert_eq!(offers(renewal(IDLE, OPEN), &[]), std::slice::from_ref(&wanted));
    assert_eq!(offers(renewal(IDLE, OPEN), &[wanted.length]), [wanted]);
    assert_eq!(offers(renewal(IDLE, OPEN), &[Length::Period(Period::parse("P2Y").unwrap())]), []);
    assert_eq!(offers(renewal(IDLE, OPEN).replace("\"amount\":159", "\"amount\":null"), &[]), []);
    let cents = offers(renewal(IDLE, OPEN).replace("159", "0.10"), &[]).remove(0);
    assert_eq!((cents.net, cents.tax, cents.gross), (sek(10), sek(3), sek(13)), "halves are rounded up");

    // Without it an order would ask for more than was planned: none is offered, and nothing is asked.
    let (untold, script) = remote_with(Script::default(), CallSettings { vat: None, ..settings() });
    let error = done(untold.offers(&holding(Kind::Domain, DOMAIN), &[])).expect_err("is not told").to_string();
    assert!(error.contains("`vat = \"25\"`, or \"0\", under [provider.hostup]"), "{error}");
    assert!(script.calls().is_empty());

    let item = r#"{"id":"vps_1","billing":{"amount":99,"currencyCode":"SEK","billingCycle":"quarterly"},
        "createdAt":"2025-12-31T00:00:00.000Z","expiresAt":"2026-11-30T00:00:00.000Z","addons":[{"name":"backup"}]}"#;
    let (remote, _) = remote(Script::default().on("GET /vps/vps_1", 200, item));
    let mut server = holding(Kind::Server, "vps_1");
    server.stand.until = "2026-11-30".parse().unwrap();
    let offer = done(remote.offers(&server, &[])).expect("reads").remove(0);
    assert_eq!((offer.gross, offer.until.to_string()), (sek(12_375), "2027-02-28".to_owned()));
    assert_eq!(offer.remarks, ["without its add-ons: backup"]);
}

fn finding(script: Script, marks: &[&str], known: Option<&RemoteOrder>) -> Result<Finding, CallError> {
    let (remote, _) = remote(script);
    done(remote.read_back(&ask(Kind::Domain, DOMAIN), &watermark(marks), known))
}

fn found_paid(until: &str) -> Finding {
    Finding::Paid(Receipt {
        order: Some("ord_2".to_owned()),
        invoice: Some("inv_2".to_owned()),
        paid: Some(sek(19_875)),
        balance: None,
        until: Some(until.parse().unwrap()),
    })
}

#[test]
fn a_known_order_says_what_became_of_it() {
    let script = |status: &str, expires| {
        Script::default()
            .on("GET /orders/ord_2", 200, order(2, DOMAIN, "198.75", "\"annually\"", status))
            .on(RENEWAL, 200, renewal(IDLE, OPEN))
            .on(ORDERS, 200, list(&[r#"{"id":"ord_1"}"#], "null"))
            .on(ONE, 200, domain(expires))
    };
    let read = |script| finding(script, &["ord_1"], Some(&placed()));
    assert_eq!(read(script("paid", AFTER)).unwrap(), found_paid("2027-12-12"));
    assert_eq!(read(script("paid", BEFORE)).unwrap(), found_paid("2026-12-12"), "not carried out yet");
    assert_eq!(read(script("unpaid", BEFORE)).unwrap(), Finding::Unpaid(placed()));
    assert_eq!(read(script("cancelled", BEFORE)).unwrap(), Finding::Nothing);
    assert_eq!(read(script("cancelled", AFTER)).unwrap(), Finding::Moved { until: "2027-12-12".parse().unwrap() });
    assert!(matches!(read(script("refunded", AFTER)).unwrap(), Finding::Ambiguous(_)));
    read(script("unknown", BEFORE)).expect_err("nothing follows from it");
    let cancelled = order(2, DOMAIN, "198.75", "null", "unpaid").replace("new word", "cancelled");
    let script =
        Script::default().on("GET /orders/ord_2", 200, cancelled).on(ORDERS, 200, list(&[r#"{"id":"ord_1"}"#], "null"));
    let script = script.on(RENEWAL, 200, renewal(IDLE, OPEN)).on(ONE, 200, domain(BEFORE));
    assert_eq!(read(script).unwrap(), Finding::Nothing, "withdrawn with its order");
}

#[test]
fn an_unknown_order_is_found_only_where_all_of_it_fits() {
    let year = "\"annually\"";
    let exact = |status| order(2, DOMAIN, "198.75", year, status);
    let other = order(3, "dom_other", "198.75", year, "paid");
    let dear = order(3, DOMAIN, "198.76", year, "unpaid");
    let long = order(3, DOMAIN, "198.75", "\"biennially\"", "unpaid");
    let gone = order(3, DOMAIN, "198.75", year, "cancelled");
    let mute = r#"{"id":"ord_3","type":"renew"}"#;
    let deposit = order(3, DOMAIN, "198.75", year, "paid").replace("renew", "new");
    let old = order(1, DOMAIN, "198.75", year, "paid");
    let read = |orders: &[&str], expires| {
        let mut all = orders.to_vec();
        all.push(&old);
        let script = Script::default()
            .on(ORDERS, 200, list(&all[..1], "\"2\""))
            .on("GET /orders?limit=100&cursor=2", 200, list(&all[1..], "null"))
            .on(RENEWAL, 200, renewal(IDLE, OPEN))
            .on(ONE, 200, domain(expires));
        finding(script, &["ord_1", "ord_0"], None).expect("reads")
    };
    assert_eq!(read(&[], BEFORE), Finding::Nothing, "what stood there before is not it");
    for decoy in [other.as_str(), mute, &deposit, &gone] {
        assert_eq!(read(&[decoy], BEFORE), Finding::Nothing, "{decoy}");
        assert_eq!(read(&[decoy, &exact("unpaid")], BEFORE), Finding::Unpaid(placed()), "{decoy}");
        assert_eq!(read(&[decoy, &exact("paid")], AFTER), found_paid("2027-12-12"), "{decoy}");
        assert_eq!(read(&[decoy], AFTER), Finding::Moved { until: "2027-12-12".parse().unwrap() }, "{decoy}");
    }
    let twin = order(3, DOMAIN, "198.75", year, "unpaid");
    for near in [dear.as_str(), &long, &twin] {
        let Finding::Ambiguous(what) = read(&[near, &exact("unpaid")], BEFORE) else { panic!("{near}") };
        assert!(what.contains("ord_3") && what.contains("ord_2"), "{what}");
    }
    for near in [dear.as_str(), &long] {
        assert!(matches!(read(&[near], BEFORE), Finding::Ambiguous(_)), "{near}");
    }
}

#[test]
fn the_domains_own_page_tells_of_an_order_that_the_list_does_not_show_yet() {
    let read = |invoice: &str, order: Option<String>| {
        let pending = format!(r#""hasPendingOrder":true,"orderId":"ord_2","renewalInvoice":{invoice}"#);
        let mut script = Script::default()
            .on(ORDERS, 200, list(&[r#"{"id":"ord_1"}"#], "null"))
            .on(RENEWAL, 200, renewal(&pending, CLOSED))
            .on(ONE, 200, domain(BEFORE));
        if let Some(order) = order {
            script = script.on("GET /orders/ord_2", 200, order);
        }
        finding(script, &["ord_1"], None).expect("reads")
    };
    let unpaid = invoice("inv_2", "198.75", "unpaid");
    let whole = || Some(order(2, DOMAIN, "198.75", "\"annually\"", "unpaid"));
    assert_eq!(read(&unpaid, whole()), Finding::Unpaid(placed()));
    assert!(matches!(read(&unpaid, None), Finding::Pending(_)), "the order cannot be read yet");
    assert!(matches!(read("null", Some(r#"{"id":"ord_2"}"#.to_owned())), Finding::Pending(_)), "nor its invoice");
}

#[test]
fn orders_that_cannot_be_told_leave_the_expiry_to_decide_and_a_broken_list_nothing() {
    let script = |expires| Script::default().on(RENEWAL, 200, renewal(IDLE, OPEN)).on(ONE, 200, domain(expires));
    let forbidden = |expires| script(expires).on(ORDERS, 403, problem("forbidden"));
    assert_eq!(finding(forbidden(BEFORE), &[], None).unwrap(), Finding::Nothing);
    assert_eq!(finding(forbidden(AFTER), &[], None).unwrap(), Finding::Moved { until: "2027-12-12".parse().unwrap() });
    let gone = Script::default().on(ORDERS, 200, list(&[], "null"));
    assert!(matches!(finding(gone, &[], None).unwrap(), Finding::Ambiguous(_)), "there is no such service");

    // Before the first order, the time tells what is new.
    let paid = order(2, DOMAIN, "198.75", "\"annually\"", "paid");
    let earlier = paid.replace("2026-11-22T10:00:05", "2025-11-22T10:00:05");
    assert_eq!(
        finding(script(AFTER).on(ORDERS, 200, list(&[&paid], "null")), &[], None).unwrap(),
        found_paid("2027-12-12")
    );
    assert_eq!(
        finding(script(BEFORE).on(ORDERS, 200, list(&[&earlier], "null")), &[], None).unwrap(),
        Finding::Nothing
    );

    for broken in [list(&[&paid], "null"), list(&[], "\"2\""), "{\"data\":".to_owned()] {
        let script = script(BEFORE).on(ORDERS, 200, broken.clone()).on(
            "GET /orders?limit=100&cursor=2",
            404,
            problem("not_found"),
        );
        finding(script, &["ord_1"], None).expect_err(&broken);
    }
}

#[test]
fn charges_are_the_paid_renewals_by_the_day_they_were_paid() {
    let order = |number, status, paid: &str, placed: &str| {
        order(number, DOMAIN, "198.75", "\"annually\"", status)
            .replace("2026-11-22T10:00:05.000Z", placed)
            .replace("\"status\":\"new word\"", &format!(r#""payment":{{"paidAt":{paid}}}"#))
    };
    let orders = [
        order(5, "unpaid", "null", "2026-11-20T00:00:00.000Z"),
        order(4, "paid", "null", "2026-11-19T00:00:00.000Z"),
        order(3, "paid", "\"2026-11-18T00:00:00.000Z\"", "2026-10-01T00:00:00.000Z"),
        order(2, "paid", "\"2026-10-02T00:00:00.000Z\"", "2026-10-01T00:00:00.000Z"),
    ];
    let old = order(1, "paid", "\"2026-01-02T00:00:00.000Z\"", "2026-01-01T00:00:00.000Z");
    let orders: Vec<_> = orders.iter().map(String::as_str).collect();
    let (remote, script) = remote(Script::default().on(ORDERS, 200, list(&orders, "\"2\"")).on(
        "GET /orders?limit=100&cursor=2",
        200,
        list(&[&old], "\"3\""),
    ));
    let charges = done(remote.charges("2026-11-01T00:00:00Z".parse().unwrap())).expect("reads");
    let shown: Vec<_> = charges.iter().map(|charge| (charge.order.as_str(), charge.paid_at.to_string())).collect();
    assert_eq!(shown, [("ord_4", "2026-11-19T00:00:00Z".to_owned()), ("ord_3", "2026-11-18T00:00:00Z".to_owned())]);
    assert_eq!((charges[0].gross, &charges[0].services), (sek(19_875), &vec![DOMAIN.to_owned()]));
    assert_eq!(script.calls().len(), 2, "what is older than any bill is not read");
}

#[test]
fn native_renewal_is_switched_off_for_domains_and_cannot_be_for_the_rest() {
    const SET: &str = "PATCH /domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3";
    let switch = |script, kind| {
        let (remote, script) = remote(script);
        (done(remote.switch_native_off(&holding(kind, DOMAIN))), script)
    };
    let script = Script::default().answer(SET, Answer::Lost).on(SET, 200, domain(BEFORE));
    let (switched, script) = switch(script, Kind::Domain);
    switched.expect("is off");
    assert_eq!(script.body(SET), r#"{"autoRenew":false}"#);
    let on = domain(BEFORE).replace("\"autoRenewEnabled\":false", "\"autoRenewEnabled\":true");
    switch(Script::default().on(SET, 200, on), Kind::Domain).0.expect_err("is still on");
    let (refused, script) = switch(Script::default(), Kind::Server);
    assert!(matches!(refused, Err(CallError::Cannot { .. })) && script.calls().is_empty());
}

#[test]
fn whose_a_key_is_and_what_it_lacks() {
    let introduce = |script| {
        let (remote, _) = remote(script);
        done(remote.introduce())
    };
    let all = |orders: String| {
        Script::default()
            .on("GET /domains?limit=1", 200, list(&[], "null"))
            .on("GET /shared-hosting?limit=1", 403, problem("forbidden"))
            .on("GET /vps?limit=1", 200, list(&[], "null"))
            .on("GET /orders?limit=1", 200, orders)
            .on("GET /billing/cards", 200, "[]")
    };
    let known = introduce(all(list(&[r#"{"id":"ord_1","client":{"id":"cli_1","email":"a@example.se"}}"#], "null")));
    let known = known.expect("is known");
    assert_eq!((known.account.as_str(), known.lacks), ("a@example.se", vec!["read:hosting".to_owned()]));
    assert_eq!(introduce(all(list(&[], "null"))).expect("is known").account, "the key's");
    introduce(Script::default().on("GET /domains?limit=1", 401, problem("unauthorized"))).expect_err("is wrong");
    introduce(Script::default().on("GET /domains?limit=1", 403, problem("account_inactive"))).expect_err("is inactive");
}
