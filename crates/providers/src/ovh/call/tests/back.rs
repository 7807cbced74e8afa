//! What became of what was sent, and which orders stand.

use super::*;

fn watermark() -> Watermark {
    Watermark { at: NOW.parse().unwrap(), orders: vec!["11".to_owned(), "10".to_owned()], balance: None }
}

const fn service(until: &'static str) -> Line {
    ("GET /services/7", ALWAYS, 200, until)
}

const STANDS: Line = service(r#"{"serviceId":7,"billing":{"expirationDate":"2026-11-30T00:00:00+01:00"}}"#);
const HAS_MOVED: Line = service(r#"{"serviceId":7,"billing":{"expirationDate":"2026-12-30T00:00:00+01:00"}}"#);
const ORDER_12: Line = ("GET /me/order/12", ALWAYS, 200, ORDER);
const LINES: Line = ("GET /me/order/12/details", ALWAYS, 200, "[1]");
const A_LINE: Line = ("GET /me/order/12/details/1", ALWAYS, 200, r#"{"orderDetailId":1,"domain":"x.net"}"#);
const NO_EXTENSION: Line =
    ("GET /me/order/12/details/1/extension", ALWAYS, 404, r#"{"message":"This route does not exist"}"#);
const BILL: Line = ("GET /me/order/12/associatedObject", ALWAYS, 200, r#"{"id":"FR1","type":"Bill"}"#);

/// What is read back where the order 12 is the only one since the watermark.
fn read(state: &'static str, more: &[Line], order: Option<&RemoteOrder>) -> String {
    let status = if state.is_empty() {
        ("GET /me/order/12/status", ALWAYS, 404, r#"{"message":"does not exist"}"#)
    } else {
        ("GET /me/order/12/status", ALWAYS, 200, state)
    };
    let list = ("GET /me/order?", ALWAYS, 200, "[10,12,11]");
    let lines = [&[TIME], more, &[list, status, BILL, NO_EXTENSION, A_LINE, LINES, ORDER_12, STANDS]].concat();
    let (remote, _) = signed(&lines);
    match done(remote.read_back(&ask(), &watermark(), order)) {
        Ok(Finding::Paid(receipt)) => {
            assert_eq!((receipt.order.as_deref(), receipt.invoice.as_deref()), (Some("12"), Some("FR1")));
            assert_eq!(receipt.paid, Some(eur(719)));
            format!("paid until {}", receipt.until.expect("is told"))
        }
        Ok(Finding::Unpaid(order)) => {
            assert_eq!(order, open_order());
            "unpaid".to_owned()
        }
        Ok(Finding::Pending(_)) => "pending".to_owned(),
        Ok(Finding::Moved { until }) => format!("moved to {until}"),
        Ok(Finding::Nothing) => "nothing".to_owned(),
        Ok(Finding::Ambiguous(what)) => format!("ambiguous: {what}"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn an_order_that_is_known_tells_what_became_of_it() {
    let order = open_order();
    for (state, more, expected) in [
        ("\"notPaid\"", &[][..], "unpaid"),
        ("\"checking\"", &[], "pending"),
        ("\"unknown\"", &[], "pending"),
        ("\"delivering\"", &[], "paid until 2026-11-30"),
        ("\"delivered\"", &[HAS_MOVED], "paid until 2026-12-30"),
        ("\"cancelled\"", &[], "nothing"),
        ("\"cancelled\"", &[HAS_MOVED], "moved to 2026-12-30"),
        ("", &[], "nothing"),
    ] {
        assert_eq!(read(state, more, Some(&order)), expected, "{state}");
    }
    let failing = [("GET /me/order/12/status", ALWAYS, 503, "")];
    assert!(read("\"notPaid\"", &failing, Some(&order)).starts_with("error"), "half a reading is none");
}

#[test]
fn an_order_is_taken_for_ours_if_all_of_it_fits() {
    const OTHER_LINE: Line = ("GET /me/order/12/details/1", 1, 200, r#"{"orderDetailId":1,"domain":"y.net"}"#);
    const UNTOLD: Line = ("GET /me/order/12/details/1", 1, 200, r#"{"orderDetailId":1,"domain":"*"}"#);
    const OTHER_PRICE: Line = (
        "GET /me/order/12",
        1,
        200,
        r#"{"orderId":12,"priceWithTax":{"value":7.2,"currencyCode":"EUR"},"priceWithoutTax":{"value":6,"currencyCode":"EUR"},"tax":{"value":1.2,"currencyCode":"EUR"}}"#,
    );
    const A_YEAR: Line =
        ("GET /me/order/12/details/1/extension", ALWAYS, 200, r#"{"order":{"plan":{"duration":"P1Y"}}}"#);
    const BUNDLE: Line = ("GET /me/order/12/details", 1, 200, "[1,2]");
    const BUNDLED: Line = (
        "GET /me/order/12/details/1,2",
        1,
        200,
        r#"[{"value":{"orderDetailId":1,"domain":"x.net"}},{"value":{"orderDetailId":2,"domain":"y.net"}}]"#,
    );
    const TWO: Line = ("GET /me/order?", 1, 200, "[12,13]");
    const TWIN: [Line; 4] = [
        ("GET /me/order/13/status", 1, 200, "\"notPaid\""),
        ("GET /me/order/13/details/1/extension", 1, 404, NO),
        ("GET /me/order/13/details/1", 1, 200, r#"{"orderDetailId":1,"domain":"x.net"}"#),
        ("GET /me/order/13/details", 1, 200, "[1]"),
    ];
    const TWIN_HEAD: Line = ("GET /me/order/13", 1, 200, ORDER);
    const NONE_NEW: Line = ("GET /me/order?", 1, 200, "[9,10,11]");
    let twin = [&[TWO], &TWIN[..], &[TWIN_HEAD]].concat();
    // What stands first is matched first, so the narrower paths stand before the wider ones.
    let other_price =
        [NO_EXTENSION, BILL, ("GET /me/order/12/status", ALWAYS, 200, "\"notPaid\""), A_LINE, LINES, OTHER_PRICE];
    for (state, more, expected) in [
        ("\"notPaid\"", &[][..], "unpaid"),
        ("\"delivered\"", &[HAS_MOVED], "paid until 2026-12-30"),
        ("\"checking\"", &[], "pending"),
        ("\"cancelled\"", &[], "nothing"),
        ("\"cancelled\"", &[HAS_MOVED], "moved to 2026-12-30"),
        ("\"notPaid\"", &[NONE_NEW], "nothing"),
        ("\"notPaid\"", &[NO_EXTENSION, OTHER_LINE], "nothing"),
        ("\"notPaid\"", &[NO_EXTENSION, UNTOLD], "ambiguous: order 12 renews * at 7.19 EUR (not paid)"),
        ("\"notPaid\"", &other_price, "ambiguous: order 12 renews x.net at 7.20 EUR (not paid)"),
        ("\"delivered\"", &[A_YEAR], "ambiguous: order 12 renews x.net for P1Y at 7.19 EUR (paid)"),
        (
            "\"notPaid\"",
            &[NO_EXTENSION, BUNDLED, BUNDLE],
            "ambiguous: order 12 renews x.net and y.net at 7.19 EUR (not paid)",
        ),
        (
            "\"notPaid\"",
            &twin,
            "ambiguous: order 13 renews x.net at 7.19 EUR (not paid); order 12 renews x.net at 7.19 EUR (not paid)",
        ),
    ] {
        assert_eq!(read(state, more, None), expected, "{state}");
    }
    for unreadable in [
        ("GET /me/order/12/details", ALWAYS, 503, ""),
        ("GET /me/order/12/details", ALWAYS, 404, NO),
        ("GET /me/order/12/status", ALWAYS, 404, NO),
    ] {
        assert!(read("\"notPaid\"", &[unreadable], None).starts_with("error"), "half a reading is none");
    }
}

#[test]
fn an_order_at_work_keeps_others_from_being_paid() {
    for (state, open, blocked) in [
        ("\"notPaid\"", 1, false),
        ("\"checking\"", 0, true),
        ("\"delivering\"", 0, true),
        ("\"somethingNew\"", 0, true),
        ("\"delivered\"", 0, false),
        ("\"cancelled\"", 0, false),
    ] {
        let list = ("GET /me/order?", ALWAYS, 200, "[10,12]");
        let status = ("GET /me/order/12/status", ALWAYS, 200, state);
        let over = ("GET /me/order/10,", 1, 200, "[]");
        let batch = ("GET /me/order/12,10", 1, 200, r#"[{"value":null}]"#);
        let lapsed: &'static str =
            ORDER.replace("\"orderId\":12", "\"orderId\":10").replace("2026-11-23", "2026-11-01").leak();
        let ten = ("GET /me/order/10", 1, 200, lapsed);
        let lines = [TIME, list, over, batch, status, NO_EXTENSION, A_LINE, LINES, ORDER_12, ten, STANDS];
        let (remote, _) = signed(&lines);
        let sight = done(remote.look(&holding())).expect("reads").expect("is there");
        assert_eq!(sight.open_orders.len(), open, "{state}");
        assert_eq!(matches!(sight.stand.standing, Standing::Blocked(_)), blocked, "{state}");
        assert_eq!(sight.watermark.orders, ["12", "10"]);
        assert_eq!(sight.stand.until.to_string(), "2026-11-30");
    }
}

#[test]
fn an_order_of_ours_is_known_without_being_read() {
    let renew = ("POST /service/7/renew", 1, 200, ORDER);
    let list = ("GET /me/order?", ALWAYS, 200, "[12]");
    let status = ("GET /me/order/12/status", ALWAYS, 200, "\"notPaid\"");
    let old = ("GET /service/7", ALWAYS, 200, "{}");
    let (remote, script) = signed(&[TIME, renew, list, status, STANDS, old]);
    assert_eq!(word(&done(remote.order(&ask()))), "placed");
    let sight = done(remote.look(&holding())).expect("reads").expect("is there");
    assert_eq!(sight.open_orders[0].until, Some(ask().offer.until));
    assert_eq!(script.count("GET /1.0/me/order/12"), 0);
    // And it is nobody else's.
    let other = Holding { name: "y.net".to_owned(), ..holding() };
    let before = script.count("GET /1.0/me/order/12/status");
    assert!(done(remote.look(&other)).expect("reads").expect("is there").open_orders.is_empty());
    assert_eq!(script.count("GET /1.0/me/order/12/status"), before);
}
