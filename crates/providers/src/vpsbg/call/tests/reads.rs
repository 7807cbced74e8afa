//! What follows from the answers to what only reads.

use perennial_core::buyer::holding::{Native, Standing};
use perennial_core::buyer::remote::{CallError, Finding, Receipt, Sight};

use super::*;

const SERVERS: &str = "GET /v1/servers";
const ONE: &str = "GET /v1/servers/2904";
const BALANCE: &str = "GET /v1/balance";
const ORDERS: &str = "GET /v1/orders";
const ALL: &str = "GET /v1/orders, all";
const ORDER_9: &str = "GET /v1/orders/9";
const ORDER_10: &str = "GET /v1/orders/10";

fn balance() -> Scene {
    (BALANCE, shown(&json!({ "balance": 416.67, "currency": "EUR", "has_valid_card": true })))
}

fn inventory(scenes: Vec<Scene>, from: Option<&str>) -> Result<perennial_core::buyer::remote::Page, CallError> {
    played(scenes, async |client| client.inventory_from(from).await)
}

#[test]
fn a_server_is_read_whatever_else_it_says() {
    let odd = json!({
        "id": "2904", "hostname": null, "billing_cycle": null, "status": "suspended", "plan": null, "created_at": null,
        "expiry_at": "2026-12-11T22:00:00.000000Z", "potential_expiry_at": null, "auto_renew": null,
        "cancel_request": null, "settings": null,
    });
    let never = changed(server(), &json!({ "id": 5, "expiry_at": null }));
    let page = inventory(vec![(SERVERS, listed(&[odd, never]))], None).expect("reads");
    let [holding] = page.holdings.as_slice() else { panic!("{page:?}") };
    assert_eq!((holding.key.to_string(), holding.name.as_str()), ("vpsbg-work/2904".to_owned(), "2904"));
    assert_eq!((holding.stand.until, holding.stand.native), (date("2026-12-12"), Native::Untold));
    assert_eq!((&holding.stand.standing, holding.period, page.next), (&Standing::Renewable, None, None));
}

#[test]
fn what_speaks_against_a_renewal_is_told_in_the_providers_words() {
    for (fields, why) in [
        (json!({}), None),
        // That passes by itself.
        (json!({ "locked": true, "lock_reason": "backup" }), None),
        (json!({ "status": "terminated" }), Some("it is terminated")),
        (json!({ "status": "resting" }), Some("it is resting")),
        (
            json!({ "cancel_request": { "id": 1, "type": 1, "reason": "Project\nended." } }),
            Some("it is cancelled: Project ended."),
        ),
        (json!({ "cancel_request": {} }), Some("it is cancelled")),
        (json!({ "settings": { "renew_enabled": false } }), Some("renewing it is switched off")),
    ] {
        let page = inventory(vec![(SERVERS, listed(&[changed(server(), &fields)]))], None).expect("reads");
        let expected = why.map_or(Standing::Renewable, |why| Standing::Blocked(why.to_owned()));
        assert_eq!(page.holdings[0].stand.standing, expected, "{fields}");
    }
}

#[test]
fn an_inventory_is_whole_or_not_at_all() {
    let fifty: Vec<_> = (1..=50).map(|id| changed(server(), &json!({ "id": id }))).collect();
    let first = inventory(vec![(SERVERS, shown(&page(1, 2, 51, &fifty)))], None).expect("reads");
    assert_eq!((first.holdings.len(), first.next.as_deref()), (50, Some("2/51")));
    let second = inventory(vec![(SERVERS, shown(&page(2, 2, 51, &[server()])))], Some("2/51")).expect("reads");
    assert_eq!((second.holdings.len(), second.next), (1, None));

    for (reply, from) in [
        // A page that is not the one, one that lacks a server, and a list that moved.
        (shown(&page(1, 2, 51, &fifty)), Some("2/51")),
        (shown(&page(1, 2, 51, &fifty[1..])), None),
        (shown(&page(2, 2, 52, &[server(), server()])), Some("2/51")),
        (answer(200, "{"), None),
        (answer(302, ""), None),
    ] {
        let error = inventory(vec![(SERVERS, reply)], from).expect_err("is broken");
        assert!(matches!(error, CallError::NotUnderstood { .. }), "{error}");
    }
    assert!(inventory(Vec::new(), Some("elsewhere")).is_err());
    let error = inventory(vec![(SERVERS, refusal(401, "Unauthenticated."))], None).expect_err("is refused");
    assert_eq!(error.to_string(), "vpsbg refuses `GET /servers`: Unauthenticated. (401)");
    let error = inventory(vec![(SERVERS, refusal(423, "Locked."))], None).expect_err("is locked");
    assert!(matches!(error, CallError::Unreachable { .. }), "{error}");
}

#[test]
fn a_read_is_made_again() {
    let scenes = vec![(SERVERS, lost()), (SERVERS, answer(500, "")), (SERVERS, listed(&[]))];
    assert!(inventory(scenes, None).expect("reads").holdings.is_empty());
}

fn looked(scenes: Vec<Scene>) -> Result<Option<Sight>, CallError> {
    let holding = holding();
    played(scenes, async |client| client.looked_at(&holding.key.id).await)
}

#[test]
fn a_look_sees_orders_fence_and_books() {
    let combined = changed(order(10, "awaiting_payment"), &json!({ "type": "combined" }));
    let deposit = changed(order(11, "awaiting_payment"), &json!({ "type": "deposit" }));
    let scenes = vec![
        balance(),
        (ORDERS, listed(&[deposit.clone(), combined.clone(), order(3, "paid")])),
        (ORDERS, listed(&[deposit, combined.clone()])),
        (ORDER_10, shown(&combined)),
        (ONE, shown(&server_until("2026-12-12", "2027-03-12"))),
    ];
    let sight = looked(scenes).expect("reads").expect("is there");
    assert_eq!(sight.open_orders, [RemoteOrder { id: "10".to_owned(), ..known("10") }]);
    assert_eq!(sight.watermark, watermark(&["11", "10", "3"]));
    assert_eq!((sight.stand.until, sight.stand.standing), (date("2026-12-12"), Standing::Renewable));
    assert_eq!(sight.stand.expires_at, midnight("2026-12-12"));

    let nothing = || (ORDERS, listed(&[]));
    assert_eq!(looked(vec![balance(), nothing(), nothing(), (ONE, refusal(404, "Not Found."))]).expect("reads"), None);
    let alien = looked(vec![balance(), nothing(), nothing(), (ONE, answer(404, "<html>"))]);
    assert!(alien.is_err(), "a page that is not there says nothing of a server");
}

#[test]
fn a_server_that_somebody_is_renewing_is_blocked() {
    let nothing = || (ORDERS, listed(&[]));
    let standing = |scenes| looked(scenes).expect("reads").expect("is there").stand.standing;
    let told = vec![balance(), nothing(), nothing(), (ONE, shown(&server_until("2026-12-12", "2027-01-12")))];
    let why = "an order that the list does not show would renew it until 2027-01-12";
    assert_eq!(standing(told), Standing::Blocked(why.to_owned()));

    let busy = order(9, "processing");
    let scenes = vec![
        balance(),
        nothing(),
        (ORDERS, listed(std::slice::from_ref(&busy))),
        (ORDER_9, shown(&busy)),
        (ONE, shown(&server())),
    ];
    assert_eq!(standing(scenes), Standing::Blocked("order 9 is being paid".to_owned()));
}

fn found(order: Option<&str>, scenes: Vec<Scene>) -> Result<Finding, CallError> {
    let order = order.map(known);
    played(scenes, async |client| client.found(&ask(), &watermark(&["8"]), order.as_ref()).await)
}

fn receipt(until: &str) -> Receipt {
    Receipt {
        order: Some("9".to_owned()),
        invoice: Some("0000001594".to_owned()),
        paid: Some(eur(9_000)),
        balance: Some(eur(41_667)),
        until: Some(date(until)),
    }
}

#[test]
fn a_known_order_tells_what_became_of_it() {
    let here = || (ONE, shown(&server()));
    let none = || (ORDERS, listed(&[]));
    for (scenes, expected) in [
        (vec![(ORDER_9, shown(&paid(9))), here(), balance()], Finding::Paid(receipt("2026-12-12"))),
        (vec![(ORDER_9, shown(&order(9, "awaiting_payment")))], Finding::Unpaid(known("9"))),
        (vec![(ORDER_9, shown(&order(9, "processing")))], Finding::Pending("order 9 is being paid".to_owned())),
        (vec![(ORDER_9, shown(&order(9, "odd")))], Finding::Pending("order 9 is `odd`".to_owned())),
        (vec![(ORDER_9, shown(&order(9, "cancelled"))), none(), here()], Finding::Nothing),
        (vec![(ORDER_9, refusal(404, "Not Found.")), none(), here()], Finding::Nothing),
    ] {
        assert_eq!(found(Some("9"), scenes).expect("reads"), expected);
    }
    assert!(found(Some("9"), vec![(ORDER_9, answer(200, "{"))]).is_err());
}

#[test]
fn what_came_since_is_found_by_what_is_in_it() {
    let listed_9 = || (ORDERS, listed(&[order(9, "x"), order(8, "x"), order(7, "x")]));
    let both = || (ORDERS, listed(&[order(10, "x"), order(9, "x")]));
    let here = || (ONE, shown(&server()));
    let moved = |until: &str, potential: &str| (ONE, shown(&server_until(until, potential)));
    let open = || order(9, "awaiting_payment");
    for (scenes, expected) in [
        (
            vec![listed_9(), (ORDER_9, shown(&paid(9))), moved("2027-03-12", "2027-03-12"), balance()],
            Finding::Paid(receipt("2027-03-12")),
        ),
        (vec![listed_9(), (ORDER_9, shown(&open())), here()], Finding::Unpaid(known("9"))),
        (
            vec![listed_9(), (ORDER_9, shown(&order(9, "processing"))), here()],
            Finding::Pending("order 9 is being paid".to_owned()),
        ),
        // Of another server, withdrawn meanwhile, or nothing that renews.
        (vec![listed_9(), (ORDER_9, shown(&lined(open(), &json!({ "service_id": 1 })))), here()], Finding::Nothing),
        (
            vec![listed_9(), (ORDER_9, shown(&lined(open(), &json!({ "service_type": "support" })))), here()],
            Finding::Nothing,
        ),
        (vec![listed_9(), (ORDER_9, shown(&order(9, "cancelled"))), here()], Finding::Nothing),
        (vec![(ORDERS, listed(&[changed(open(), &json!({ "type": "deposit" }))])), here()], Finding::Nothing),
        (vec![(ORDERS, listed(&[])), moved("2027-03-12", "2027-03-12")], Finding::Moved { until: date("2027-03-12") }),
        (vec![(ORDERS, listed(&[])), (ONE, refusal(404, "Not Found."))], Finding::Nothing),
        (
            vec![(ORDERS, listed(&[])), moved("2026-12-12", "2027-03-12")],
            Finding::Pending("an order that the list does not show yet would renew it until 2027-03-12".to_owned()),
        ),
        (
            vec![both(), (ORDER_10, shown(&order(10, "awaiting_payment"))), (ORDER_9, shown(&paid(9))), here()],
            Finding::Ambiguous(
                "order 10 is not paid: 90.00 EUR for 2904 from 2026-12-12 until 2027-03-12; \
                 order 9 is paid: 90.00 EUR for 2904 from 2026-12-12 until 2027-03-12"
                    .to_owned(),
            ),
        ),
    ] {
        assert_eq!(found(None, scenes).expect("reads"), expected);
    }
}

#[test]
fn an_order_in_a_state_that_is_not_documented_is_seen() {
    let odd = || order(9, "on_hold");
    let list = || (ALL, listed(&[odd(), order(8, "paid")]));
    let nothing = || (ORDERS, listed(&[]));
    let here = || (ONE, shown(&server()));
    let single = || (ORDER_9, shown(&odd()));
    let sight =
        looked(vec![balance(), nothing(), list(), nothing(), single(), here()]).expect("reads").expect("is there");
    assert_eq!(sight.stand.standing, Standing::Blocked("order 9 is `on_hold`".to_owned()));
    assert_eq!(sight.watermark.orders, ["9", "8"]);
    assert_eq!(
        found(None, vec![nothing(), list(), single(), here()]).expect("reads"),
        Finding::Pending("order 9 is `on_hold`".to_owned())
    );
    // In both lists it is one, and what was there before is not read on.
    let before: Vec<_> = (-40..=8).rev().map(|id| order(id, "paid")).collect();
    let all = std::iter::once(odd()).chain(before).collect::<Vec<_>>();
    let scenes = vec![(ORDERS, listed(&[order(9, "paid")])), (ALL, shown(&page(1, 9, 450, &all))), single(), here()];
    assert_eq!(found(None, scenes).expect("reads"), Finding::Pending("order 9 is `on_hold`".to_owned()));
}

#[test]
fn what_is_not_quite_it_is_for_a_person() {
    let open = || order(9, "awaiting_payment");
    let mut bundle = open();
    bundle["services"].as_array_mut().expect("is one").push(json!({ "service_id": 5, "service_type": "server" }));
    for nearly in [
        changed(open(), &json!({ "amount_with_vat": 90.01 })),
        lined(open(), &json!({ "period_from": midnight("2027-03-12").as_second() })),
        lined(open(), &json!({ "period_to": midnight("2027-01-12").as_second() })),
        lined(open(), &json!({ "period_from": null, "period_to": null })),
        lined(open(), &json!({ "service_billing_cycle": 1 })),
        bundle,
    ] {
        let listed = listed(&[order(9, "x")]);
        let scenes = vec![(ORDERS, listed), (ORDER_9, shown(&nearly)), (ONE, shown(&server()))];
        assert!(matches!(found(None, scenes).expect("reads"), Finding::Ambiguous(_)), "{nearly}");
    }
}

#[test]
fn nothing_is_concluded_from_half_a_list() {
    let fifty: Vec<_> = (1..=50).rev().map(|id| changed(order(100 + id, "x"), &json!({ "type": "deposit" }))).collect();
    let first = || (ORDERS, shown(&page(1, 2, 51, &fifty)));
    let second = |items: &[Value], total| (ORDERS, shown(&page(2, 2, total, items)));
    let here = || (ONE, shown(&server()));
    assert_eq!(
        found(None, vec![first(), second(&[order(9, "x")], 51), (ORDER_9, shown(&paid(9))), here(), balance()])
            .expect("reads"),
        Finding::Paid(receipt("2026-12-12"))
    );
    for scenes in [
        vec![first(), second(&[], 51)],
        vec![first(), second(&[order(9, "x"), order(8, "x")], 52)],
        vec![first(), second(&fifty[49..], 51)],
        // A list has shown it, and it is not there, or has no lines.
        vec![(ORDERS, listed(&[order(9, "x")])), (ORDER_9, refusal(404, "Not Found."))],
        vec![
            (ORDERS, listed(&[order(9, "x")])),
            (ORDER_9, shown(&changed(order(9, "paid"), &json!({ "services": null })))),
        ],
    ] {
        assert!(found(None, scenes).is_err());
    }
}

#[test]
fn an_order_of_others_is_read_once_while_its_amounts_stay() {
    let other = lined(order(9, "awaiting_payment"), &json!({ "service_id": 1 }));
    let dearer = || changed(other.clone(), &json!({ "amount_with_vat": 180 }));
    let here = || (ONE, shown(&server()));
    let list = |order: &Value| (ORDERS, listed(std::slice::from_ref(order)));
    let scenes = vec![
        list(&other),
        (ORDER_9, shown(&other)),
        here(),
        list(&other),
        here(),
        list(&dearer()),
        (ORDER_9, shown(&dearer())),
        here(),
    ];
    played(scenes, async |client| {
        for _ in 0..3 {
            let found = client.found(&ask(), &watermark(&[]), None).await;
            assert_eq!(found.expect("reads"), Finding::Nothing);
        }
    });
}

#[test]
fn offers_are_for_the_cycles_that_are_sold() {
    const CALCULATE: &str = "POST /v1/servers/renew/calculate";
    let server = changed(server(), &json!({ "plan": { "id": 7, "minimum_billing_cycle": 12 } }));
    let calculated = json!({
        "amount": 300, "discount": 0, "due_today_amount": "300.00", "due_today_amount_with_vat": 360, "promo_amount": null,
    });
    let short = json!({ "message": "Too short.", "errors": { "billing_cycle": ["Too short."] } });
    let scenes = vec![
        (ONE, shown(&server)),
        balance(),
        ("GET /v1/plans/7/promo-codes", answer(404, "")),
        (CALCULATE, shown(&calculated)),
        (CALCULATE, answer(422, short.to_string())),
    ];
    let holding = holding();
    let offers = played(scenes, async |client| client.offered(&holding.key.id, &[]).await).expect("reads");
    let [offer] = offers.as_slice() else { panic!("{offers:?}") };
    assert_eq!((offer.net, offer.tax, offer.gross, offer.discount), (eur(30_000), eur(6_000), eur(36_000), None));
    assert_eq!((offer.length.to_string().as_str(), offer.until), ("P1Y", date("2027-12-12")));
}

#[test]
fn an_account_is_introduced_as_far_as_it_tells() {
    const CALCULATE: &str = "POST /v1/servers/renew/calculate";
    const USER: &str = "GET /v1/user";
    let at = |reply: Told| {
        let mut reply = reply.0.expect("is a reply");
        reply.headers_mut().insert("date", "Sun, 22 Nov 2026 10:01:30 GMT".parse().expect("is a header"));
        Told(Ok(reply))
    };
    let user = || at(shown(&json!({ "email": "ivan@example.com", "name": null })));
    let allowed = || (CALCULATE, refusal(422, "The server ids field is required."));
    for (scenes, account, ahead, lacks) in [
        (vec![(USER, user()), allowed()], "ivan@example.com", Some(90), 0),
        (vec![(USER, user()), (CALCULATE, refusal(403, "No."))], "ivan@example.com", Some(90), 1),
        // The path of the account is inferred.
        (vec![(USER, answer(404, "")), balance(), allowed()], "unnamed", None, 0),
        (vec![(USER, shown(&json!([]))), allowed()], "unnamed", None, 0),
    ] {
        let read = played(scenes, async |client| client.introduced().await).expect("is known");
        let found = (read.account.as_str(), read.ahead.map(|ahead| ahead.as_secs()), read.lacks.len());
        assert_eq!(found, (account, ahead, lacks));
    }
    assert!(played(vec![(USER, refusal(401, "No."))], async |client| client.introduced().await).is_err());
}

#[test]
fn charges_are_the_renewals_that_were_paid_since() {
    let since = "2026-11-22T10:00:00Z".parse().expect("is an instant");
    let before = changed(paid(8), &json!({ "payment_date": "2026-11-22T09:59:59.000000Z" }));
    let deposit = changed(paid(10), &json!({ "type": "deposit" }));
    let mut support = changed(paid(11), &json!({ "type": "custom" }));
    support["services"] = json!([{ "service_id": 4, "service_type": "support", "amount_with_vat": "18.40" }]);
    let list = listed(&[support.clone(), deposit, paid(9), before]);
    let scenes = vec![balance(), (ORDERS, list), ("GET /v1/orders/11", shown(&support)), (ORDER_9, shown(&paid(9)))];
    let charges = played(scenes, async |client| client.charged(since).await).expect("are read");
    let found: Vec<_> =
        charges.iter().map(|charge| (charge.order.as_str(), charge.services.join(","), charge.gross)).collect();
    assert_eq!(found, [("11", "support 4".to_owned(), eur(1_840)), ("9", "2904".to_owned(), eur(9_000))]);

    let undated = changed(paid(9), &json!({ "payment_date": null }));
    let scenes = vec![balance(), (ORDERS, listed(std::slice::from_ref(&undated))), (ORDER_9, shown(&undated))];
    assert!(played(scenes, async |client| client.charged(since).await).is_err());
}
