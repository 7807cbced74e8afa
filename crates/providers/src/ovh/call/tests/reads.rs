//! The inventory, the offers, and the automatic renewal.

use super::*;

#[test]
fn an_inventory_survives_what_a_batch_does_not_show() {
    const BATCH: &str = r#"[
        {"key":"1","value":{"serviceId":1,"resource":{"name":"a"},"billing":{"expirationDate":"2027-01-01T00:00:00+01:00"}}},
        {"key":"2","value":null,"error":{"httpCode":"460 Resource Expired","message":"This Service is expired"}},
        {"error":{"message":"gone"}}]"#;
    const EXPIRED: &str = r#"{"message":"This Service is expired"}"#;
    const GONE: &str = r#"{"message":"This service does not exist"}"#;
    const OLD: &str =
        r#"{"expirationDate":"2026-11-20","resource":{"name":"b"},"renew":{"mode":"manual"},"state":"expired"}"#;
    let (remote, script) = signed(&[
        TIME,
        ("GET /services/1,2,3,4", 1, 200, BATCH),
        ("GET /services/2", 1, 460, EXPIRED),
        ("GET /service/2", 1, 200, OLD),
        ("GET /services/3", 1, 404, GONE),
        ("GET /services/4", 1, 460, EXPIRED),
        ("GET /service/4", 1, 460, EXPIRED),
        ("GET /services", 1, 200, "[4,3,1,2,1]"),
    ]);
    let page = done(remote.inventory(None)).expect("reads");
    let found: Vec<_> = page.holdings.iter().map(|each| (each.name.as_str(), each.stand.until.to_string())).collect();
    assert_eq!(found, [("a", "2027-01-01".to_owned()), ("b", "2026-11-20".to_owned())]);
    assert_eq!(page.next, None);
    assert_eq!(script.sent().len(), 8);
    // Where batches are not known, each is read on its own; where the answer makes no sense, nothing is concluded.
    let one = r#"{"serviceId":1,"billing":{"expirationDate":"2027-01-01T00:00:00+01:00"}}"#;
    let (remote, _) = signed(&[
        TIME,
        ("GET /services/1,2", 1, 404, GONE),
        ("GET /services/1", 1, 200, one),
        ("GET /services/2", 1, 404, GONE),
        ("GET /services", 1, 200, "[1,2]"),
    ]);
    assert_eq!(done(remote.inventory(None)).expect("reads").holdings.len(), 1);
    for (status, body) in [(200, "{}"), (200, PAGE), (404, PAGE), (403, NOT_GRANTED)] {
        let (remote, _) = signed(&[TIME, ("GET /services/1", 1, status, body), ("GET /services", 1, 200, "[1]")]);
        let error = done(remote.inventory(None)).expect_err(body).to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    for from in ["", "x", "1;2"] {
        assert!(done(remote.inventory(Some(from))).is_err(), "{from:?}");
    }
}

#[test]
fn pages_go_on_after_the_last_id_whatever_came_or_went() {
    let ids: Vec<_> = (1..=1_001).collect();
    let list: &'static str = serde_json::to_string(&ids).unwrap().leak();
    let (remote, script) = signed(&[
        TIME,
        ("GET /services/1001", 1, 200, r#"[{"value":{"serviceId":1001}}]"#),
        ("GET /services/", ALWAYS, 200, "[]"),
        ("GET /services", ALWAYS, 200, list),
    ]);
    // Nothing is in the batches, so each is asked for; and that is no answer either.
    assert!(done(remote.inventory(None)).is_err());
    assert_eq!(script.sent().iter().filter(|sent| sent.contains(',')).count(), 20, "fifty at a time");
    let page = done(remote.inventory(Some("1000"))).expect("reads");
    assert_eq!((page.holdings.len(), page.next), (0, None), "what never expires is no holding");
}

const STRATEGIES: &str = r#"[{"renewPeriod":"P12M","strategies":[
    {"price":{"value":37.87,"currencyCode":"EUR"},"priceInUcents":3787000000,"services":[8,7],"servicesDetails":[]},
    {"price":{"value":60,"currencyCode":"EUR"},"services":[7]}]},
    {"renewPeriod":"P1D","strategies":[]},{"renewPeriod":"P2Y","strategies":[]}]"#;

#[test]
fn an_offer_is_what_a_trial_order_asks() {
    let renew = ("GET /service/7/renew", ALWAYS, 200, STRATEGIES);
    let old = ("GET /service/7", ALWAYS, 200, r#"{"renew":{"dayOfMonth":31}}"#);
    let (remote, script) = signed(&[TIME, renew, ("POST /service/7/renew", 1, 200, ORDER), old]);
    let offers = done(remote.offers(&holding(), &[])).expect("are offered");
    let [offer] = offers.as_slice() else { panic!("{offers:?}") };
    assert_eq!((offer.net, offer.tax, offer.gross, offer.discount), (eur(599), eur(120), eur(719), Some(eur(5_401))));
    assert_eq!((offer.length.to_string().as_str(), offer.until.to_string().as_str()), ("P1Y", "2027-11-30"));
    let sent = script.sent.lock().unwrap();
    let trial = sent.iter().find(|request| request.method() == "POST").expect("is tried out");
    assert_eq!(trial.body(), r#"{"dryRun":true,"duration":"P1Y","services":[7]}"#);
    let month = [Length::Period(Period::parse("P1M").unwrap())];
    let (remote, _) = signed(&[TIME, renew]);
    assert_eq!(done(remote.offers(&holding(), &month)).expect("reads"), []);
    for (status, body) in [(409, CONFLICT), (200, r#"{"orderId":0}"#), (200, &ORDER.replace("7.19", "7.2")), (403, NO)]
    {
        let body: &'static str = body.to_owned().leak();
        let (remote, _) = signed(&[TIME, renew, ("POST /service/7/renew", 1, status, body), old]);
        assert!(done(remote.offers(&holding(), &[])).is_err(), "{status} {body}");
    }
}

#[test]
fn only_what_renews_by_itself_is_switched() {
    for (mode, sent) in
        [("\"automatic\"", Some(r#"{"renew":{"mode":"manual","period":"P1M"}}"#)), ("\"manual\"", None), ("null", None)]
    {
        let body = format!(r#"{{"serviceId":7,"billing":{{"renew":{{"current":{{"mode":{mode},"period":"P1M"}}}}}}}}"#);
        let (remote, script) =
            signed(&[TIME, ("GET /services/7", 1, 200, body.leak()), ("PUT /services/7", 1, 200, "null")]);
        done(remote.switch_native_off(&holding())).expect("is off");
        let requests = script.sent.lock().unwrap();
        let put = requests.iter().find(|request| request.method() == "PUT").map(|request| request.body().clone());
        assert_eq!(put.as_deref(), sent.map(str::as_bytes), "{mode}");
    }
}
