//! The half against a provider that a closure plays: clocks, pages, refusals, and what is sent where.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{CallError, Finding, Length, Outcome, Remote, Watermark};
use perennial_core::calendar::{Period, parse_date};
use perennial_core::money::Money;
use perennial_core::ports::{BoxFuture, Clock, Timer};
use perennial_core::product::Kind;

use super::make;
use crate::aliyun::auth::acs3::{self, Authorization, Message};
use crate::aliyun::auth::{Parameters, headers};
use crate::call::{CallPorts, CallSettings, Credentials, HttpClient, SendError};

const NOW: &str = "2026-11-22T10:00:00Z";
const SECRET: &str = "hunter2";
const TOKEN: &str = "hunter3";

/// A request as the provider reads it.
struct Asked {
    action: String,
    host: String,
    date: String,
    nonce: String,
    parameters: Parameters,
}

/// What it answers: a status, a body, and what time it is there.
type Told = (u16, String, Option<&'static str>);

type Provider = dyn Fn(&Asked, usize) -> Told + Send + Sync;

/// Plays the provider, which remembers what it was asked, and stands for the clock and the waiting as well.
struct World {
    provider: Box<Provider>,
    asked: Mutex<Vec<Asked>>,
    waited: Mutex<Vec<Duration>>,
}

impl World {
    fn remote(provider: impl Fn(&Asked, usize) -> Told + Send + Sync + 'static) -> (Arc<dyn Remote>, Arc<Self>) {
        Self::remote_with(CallSettings { regions: vec!["cn-hangzhou".to_owned()], ..CallSettings::default() }, provider)
    }

    fn remote_with(
        settings: CallSettings,
        provider: impl Fn(&Asked, usize) -> Told + Send + Sync + 'static,
    ) -> (Arc<dyn Remote>, Arc<Self>) {
        let world = Arc::new(Self { provider: Box::new(provider), asked: Mutex::default(), waited: Mutex::default() });
        let ports = CallPorts {
            client: Arc::clone(&world) as _,
            clock: Arc::clone(&world) as _,
            timer: Arc::clone(&world) as _,
        };
        let mut credentials = Credentials::default();
        for (name, value) in
            [("access_key_id", "STS.0123456789"), ("access_key_secret", SECRET), ("security_token", TOKEN)]
        {
            credentials.set(name, value);
        }
        let name = ProviderName::parse("aliyun").expect("is a name");
        let settings = CallSettings { credentials, ..settings };
        (make(name, &settings, &ports).unwrap_or_else(|error| panic!("{error}")), world)
    }

    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn actions(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.action).collect()
    }
}

impl HttpClient for World {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let asked = Asked::of(&request);
        let count = self.asked.lock().unwrap().len();
        let (status, body, date) = (self.provider)(&asked, count);
        self.asked.lock().unwrap().push(asked);
        if status == 0 {
            return Box::pin(std::future::ready(Err(SendError::Lost("cut".to_owned()))));
        }
        let mut response = Response::builder().status(status);
        if let Some(date) = date {
            response = response.header(header::DATE, date);
        }
        Box::pin(std::future::ready(Ok(response.body(Bytes::from(body)).unwrap())))
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

impl Timer for World {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.waited.lock().unwrap().push(span);
        Box::pin(std::future::ready(()))
    }
}

impl Asked {
    /// Reads a request, which is signed as it should be.
    fn of(request: &Request<Bytes>) -> Self {
        let mut fields: HeaderMap = request.headers().clone();
        assert_eq!(fields.get("host"), None, "the client sends the host");
        let host = request.uri().authority().unwrap().to_string();
        fields.insert(header::HOST, host.parse().unwrap());
        let text = |name: &str| fields[name].to_str().unwrap().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let authorization = text("authorization");
        let authorization = Authorization::parse(&authorization).unwrap();
        let message = Message { method: request.method().as_str(), query, headers: &fields, body: request.body() };
        assert_eq!(acs3::verify(SECRET, &authorization, &message), Ok(()));
        assert_eq!((authorization.access_key_id, &*text(headers::SECURITY_TOKEN)), ("STS.0123456789", TOKEN));
        Self {
            action: text(headers::ACTION),
            host,
            date: text(headers::DATE),
            nonce: text(headers::NONCE),
            parameters: Parameters::of(query, None, b"").unwrap(),
        }
    }

    fn get(&self, name: &str) -> &str {
        self.parameters.get(name).unwrap_or_default()
    }
}

/// Runs what never has to wait.
fn done<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn good(body: &str) -> Told {
    (200, body.to_owned(), None)
}

fn refuse(status: u16, code: &str) -> Told {
    let message = format!("No. {SECRET} {TOKEN}");
    (status, format!(r#"{{"RequestId":"A","Code":"{code}","Message":"{message}"}}"#), None)
}

fn holding(tags: &[&str]) -> Holding {
    let until = parse_date("2026-12-12").unwrap();
    Holding {
        key: HoldingKey { provider: ProviderName::parse("aliyun").unwrap(), id: RemoteId::parse("i-1").unwrap() },
        kind: Kind::Instance,
        name: "web-1".to_owned(),
        label: None,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        parent: None,
        stand: Stand {
            until,
            expires_at: "2026-12-11T16:00:00Z".parse().unwrap(),
            standing: Standing::Renewable,
            native: Native::Off,
        },
        period: None,
    }
}

fn month() -> Length {
    Length::Period(Period::parse("P1M").unwrap())
}

const PRICED: &str = r#"{"PriceInfo":{"Price":{"TradePrice":240.0,"Currency":"CNY"}}}"#;

/// What is to be bought.
fn ask(remote: &dyn Remote) -> perennial_core::buyer::remote::Ask {
    let offer = done(remote.offers(&holding(&["acs:region=cn-hangzhou"]), &[month()])).unwrap().remove(0);
    holding(&[]).ask(offer, "token-1".to_owned())
}

fn instance(id: &str, expiry: &str) -> String {
    format!(r#"{{"InstanceId":"{id}","InstanceChargeType":"PrePaid","ExpiredTime":"{expiry}","Status":"Running"}}"#)
}

fn instances(items: &[String], next: &str) -> Told {
    let items = items.join(",");
    good(&format!(r#"{{"RequestId":"A","NextToken":"{next}","TotalCount":0,"Instances":{{"Instance":[{items}]}}}}"#))
}

fn attributes(ids: &str) -> Told {
    let item = |id| format!(r#"{{"InstanceId":"{id}","RenewalStatus":"Normal","AutoRenewEnabled":false}}"#);
    let items = ids.split(',').map(item).collect::<Vec<_>>().join(",");
    good(&format!(r#"{{"InstanceRenewAttributes":{{"InstanceRenewAttribute":[{items}]}}}}"#))
}

fn orders(items: &str, total: usize) -> Told {
    good(&format!(
        r#"{{"Code":"Success","Success":true,"Data":{{"OrderList":{{"Order":[{items}]}},"TotalCount":{total}}}}}"#
    ))
}

fn order(id: &str, status: &str, gross: &str) -> String {
    format!(
        r#"{{"OrderId":"{id}","OrderType":"Renew","PaymentStatus":"{status}","CreateTime":"2026-11-22T10:00:30Z","Currency":"CNY","AfterTaxAmount":"{gross}","InstanceIDs":"[\"i-1\"]"}}"#
    )
}

/// A provider with one instance, and orders.
fn simple(listed: &'static [(&'static str, &'static str, &'static str)]) -> impl Fn(&Asked, usize) -> Told {
    move |asked, _| match asked.action.as_str() {
        "DescribeRenewalPrice" => good(PRICED),
        "DescribeInstances" => instances(&[instance("i-1", "2026-12-11T16:00Z")], ""),
        "DescribeInstanceAutoRenewAttribute" => attributes(asked.get("InstanceId")),
        "QueryAccountBalance" => good(r#"{"Code":"Success","Data":{"AvailableAmount":"1,000.00","Currency":"CNY"}}"#),
        "QueryOrders" => {
            let wanted = asked.get("PaymentStatus");
            let shown = listed.iter().filter(|(_, status, _)| wanted.is_empty() || *status == wanted);
            let items: Vec<_> = shown.map(|(id, status, gross)| order(id, status, gross)).collect();
            orders(&items.join(","), items.len())
        }
        "GetOrderDetail" => {
            let found = listed.iter().find(|(id, ..)| *id == asked.get("OrderId"));
            found.map_or_else(
                || refuse(404, "InvalidOrderId.NotFound"),
                |(id, status, gross)| orders(&order(id, status, gross), 1),
            )
        }
        _ => refuse(404, "InvalidAction.NotFound"),
    }
}

#[test]
fn each_api_has_its_host_unless_one_is_set() {
    let settings = |url: Option<&str>| CallSettings {
        url: url.map(str::to_owned),
        regions: vec!["cn-hangzhou".to_owned()],
        ..CallSettings::default()
    };
    let hosts = |url| {
        let (remote, world) = World::remote_with(settings(url), simple(&[]));
        done(remote.look(&holding(&[]))).unwrap().unwrap();
        let mut hosts: Vec<_> = world.asked().into_iter().map(|asked| asked.host).collect();
        hosts.dedup();
        hosts
    };
    let own = ["ecs.cn-hangzhou.aliyuncs.com", "business.aliyuncs.com"];
    assert_eq!(hosts(None), own);
    assert_eq!(hosts(Some(super::CALL.url)), own);
    assert_eq!(hosts(Some("ecs.aliyuncs.com/")), own);
    for url in ["http://127.0.0.1:8404/", "127.0.0.1:8404"] {
        assert_eq!(hosts(Some(url)), ["127.0.0.1:8404"]);
    }
}

#[test]
fn an_account_of_the_international_site_has_its_billing_there() {
    const ABROAD: &str = "business.ap-southeast-1.aliyuncs.com";
    let (remote, world) = World::remote(|asked, count| match asked.host.as_str() {
        ABROAD => simple(&[])(asked, count),
        _ => refuse(400, "NotApplicable"),
    });
    for hosts in [&["business.aliyuncs.com", ABROAD][..], &[ABROAD]] {
        done(remote.funds()).unwrap();
        assert_eq!(world.asked().iter().map(|asked| asked.host.as_str()).collect::<Vec<_>>(), hosts);
    }
    let (remote, world) = World::remote(|_, _| refuse(400, "NotApplicable"));
    assert!(matches!(done(remote.funds()), Err(CallError::Refused { .. })));
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn an_address_or_a_region_that_is_none_is_refused_at_once() {
    let (_, world) = World::remote(simple(&[]));
    let ports = || CallPorts {
        client: Arc::clone(&world) as _,
        clock: Arc::clone(&world) as _,
        timer: Arc::clone(&world) as _,
    };
    let mut credentials = Credentials::default();
    credentials.set("access_key_id", "LTAI0123456789");
    credentials.set("access_key_secret", SECRET);
    for (url, region) in [
        (Some("ecs"), "cn-hangzhou"),
        (Some("https://a:hunter2@ecs.example.net"), "cn-hangzhou"),
        (Some("https://ecs.example.net/api"), "cn-hangzhou"),
        (Some("ftp://ecs.example.net"), "cn-hangzhou"),
        (None, "cn-hangzhou.evil.example/"),
    ] {
        let (url, regions) = (url.map(str::to_owned), vec![region.to_owned()]);
        let settings = CallSettings { url, regions, credentials: credentials.clone(), ..CallSettings::default() };
        let error = make(ProviderName::parse("aliyun").unwrap(), &settings, &ports()).err().expect("is refused");
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
    let settings = CallSettings { pay_with: Some("paypal".to_owned()), credentials, ..CallSettings::default() };
    let error =
        make(ProviderName::parse("aliyun").unwrap(), &settings, &ports()).err().expect("is refused").to_string();
    assert!(error.starts_with("`pay_with` cannot be `paypal`") && error.contains("leave it out"), "{error}");
}

#[test]
fn a_read_is_made_anew_each_time_and_waits_when_it_is_turned_away() {
    let (remote, world) = World::remote(|asked, count| match count {
        0 => refuse(400, "Throttling.User"),
        1 => refuse(400, "SignatureNonceUsed"),
        2 => (503, String::new(), None),
        3 => (0, String::new(), None),
        _ => simple(&[])(asked, count),
    });
    let funds = done(remote.funds()).unwrap();
    assert_eq!(funds[0].amount.map(|amount| amount.to_string()), Some("1000.00 CNY".to_owned()));
    let asked = world.asked();
    let mut nonces: Vec<_> = asked.iter().map(|asked| asked.nonce.as_str()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!((asked.len(), nonces.len()), (5, 5));
    assert_eq!(world.waited.lock().unwrap().len(), 4);
    let (remote, _) = World::remote(|_, _| refuse(400, "Throttling"));
    assert!(matches!(done(remote.funds()), Err(CallError::Throttled { .. })));
}

#[test]
fn a_clock_that_is_wrong_is_made_up_for_or_said_to_be_wrong() {
    const THERE: &str = "Sun, 22 Nov 2026 13:00:00 GMT";
    let late = |asked: &Asked, date: Option<&'static str>| match asked.date.as_str() {
        "2026-11-22T13:00:00Z" if asked.action == "RenewInstance" => good(r#"{"RequestId":"A","OrderId":"7"}"#),
        "2026-11-22T13:00:00Z" => good(PRICED),
        _ => (refuse(400, "InvalidTimeStamp.Expired").0, refuse(400, "InvalidTimeStamp.Expired").1, date),
    };
    let (remote, world) = World::remote(move |asked, _| late(asked, Some(THERE)));
    let ask = ask(&*remote);
    assert_eq!(world.actions(), ["DescribeRenewalPrice", "DescribeRenewalPrice"]);
    done(remote.offers(&holding(&["acs:region=cn-hangzhou"]), &[month()])).unwrap();
    assert_eq!(world.actions().len(), 1, "once is enough");

    // The same for what pays: sent again with the same token, as the first one was not looked at.
    let (remote, world) = World::remote(move |asked, _| match asked.action.as_str() {
        "DescribeInstances" => instances(&[instance("i-1", "2026-12-11T16:00Z")], ""),
        _ => late(asked, Some(THERE)),
    });
    assert!(matches!(done(remote.order(&ask)), Outcome::Paid(_)));
    let sent: Vec<_> = world.asked().into_iter().filter(|asked| asked.action == "RenewInstance").collect();
    assert_eq!(sent.iter().map(|asked| asked.get("ClientToken")).collect::<Vec<_>>(), ["token-1", "token-1"]);

    for date in [None, Some("Sun, 22 Nov 2026 10:00:00 GMT")] {
        let (remote, _) = World::remote(move |asked, _| late(asked, date));
        let error = done(remote.funds()).expect_err("is late").to_string();
        assert!(error.contains("2026-11-22T10:00:00Z") && !error.contains("hunter"), "{error}");
    }
}

#[test]
fn what_the_provider_says_is_repeated_without_secrets() {
    let (remote, _) = World::remote(|_, _| refuse(403, "Forbidden.RAM"));
    let error = done(remote.funds()).expect_err("is refused").to_string();
    assert!(error.contains("Forbidden.RAM") && !error.contains("hunter"), "{error}");
}

#[test]
fn the_inventory_goes_through_all_pages_of_all_regions() {
    let settings = || CallSettings { regions: vec![], ..CallSettings::default() };
    let (remote, world) = World::remote_with(settings(), |asked, _| match asked.action.as_str() {
        "DescribeRegions" => {
            good(r#"{"Regions":{"Region":[{"RegionId":"cn-b"},{"RegionId":"cn-a"},{"RegionId":"a/b"}]}}"#)
        }
        "DescribeInstanceAutoRenewAttribute" => attributes(asked.get("InstanceId")),
        _ if asked.get("DryRun") == "true" => refuse(400, "DryRunOperation"),
        _ => match (asked.get("RegionId"), asked.get("NextToken")) {
            ("cn-a", _) => instances(&[], ""),
            ("cn-b", "") => {
                instances(&[instance("i-1", "2026-12-11T16:00Z"), instance("i-2", "2026-12-11T15:59Z")], "next 1")
            }
            ("cn-b", "next 1") => instances(&[instance("i-3", "2027-01-30T16:00:00Z")], ""),
            other => panic!("{other:?}"),
        },
    });
    let first = done(remote.inventory(None)).unwrap();
    let second = done(remote.inventory(first.next.as_deref())).unwrap();
    assert_eq!(second.next, None);
    let seen: Vec<_> = first.holdings.iter().chain(&second.holdings).collect();
    let stands: Vec<_> = seen.iter().map(|each| (each.key.id.as_str(), each.stand.until.to_string())).collect();
    let expected = [("i-1", "2026-12-12"), ("i-2", "2026-12-11"), ("i-3", "2027-01-31")];
    assert_eq!(stands, expected.map(|(id, until)| (id, until.to_owned())));
    assert!(seen.iter().all(|each| each.tags == ["acs:region=cn-b"] && each.stand.native == Native::Off));
    let asked = world.asked();
    assert!(asked.iter().filter(|asked| asked.action == "DescribeInstances").count() == 4, "with one dry run");
    assert!(
        asked
            .iter()
            .filter(|asked| !asked.get("MaxResults").is_empty())
            .all(|asked| { (asked.get("MaxResults"), asked.get("InstanceChargeType")) == ("100", "PrePaid") })
    );
}

#[test]
fn pages_that_lead_back_are_an_error() {
    let (remote, _) = World::remote(|asked, _| match asked.action.as_str() {
        "DescribeInstances" => instances(&[instance("i-1", "2026-12-11T16:00Z")], "same"),
        _ => attributes(asked.get("InstanceId")),
    });
    let first = done(remote.inventory(None)).unwrap();
    assert!(matches!(done(remote.inventory(first.next.as_deref())), Err(CallError::NotUnderstood { .. })));
    assert!(matches!(done(remote.inventory(Some("elsewhere"))), Err(CallError::NotUnderstood { .. })));
}

#[test]
fn an_empty_list_is_not_believed_of_a_key_that_may_not_list() {
    let (remote, _) = World::remote(|asked, _| match asked.get("DryRun") {
        "true" => refuse(403, "Forbidden.RAM"),
        _ => instances(&[], ""),
    });
    assert!(matches!(done(remote.inventory(None)), Err(CallError::Refused { .. })));
    assert!(matches!(done(remote.look(&holding(&[]))), Err(CallError::Refused { .. })));
    let (remote, _) = World::remote(|asked, _| match asked.get("DryRun") {
        "true" => refuse(400, "DryRunOperation"),
        _ => instances(&[], ""),
    });
    assert_eq!(done(remote.inventory(None)).unwrap().holdings, []);
    assert_eq!(done(remote.look(&holding(&[]))).unwrap(), None);
}

#[test]
fn one_instance_that_is_refused_takes_no_others_with_it() {
    let (remote, world) = World::remote(|asked, _| match asked.action.as_str() {
        "DescribeInstances" => {
            let all: Vec<_> = (1..=8).map(|number| instance(&format!("i-{number}"), "2026-12-11T16:00Z")).collect();
            instances(&all, "")
        }
        _ if asked.get("InstanceId").split(',').any(|id| id == "i-6") => {
            refuse(403, "InvalidParameter.InvalidInstanceId")
        }
        _ => attributes(asked.get("InstanceId")),
    });
    let page = done(remote.inventory(None)).unwrap();
    let untold: Vec<_> = page.holdings.iter().filter(|each| each.stand.native == Native::Untold).collect();
    assert_eq!(untold.iter().map(|each| each.key.id.as_str()).collect::<Vec<_>>(), ["i-6"]);
    assert_eq!(world.actions().len(), 8, "one list, one question for all, and two for each half");
}

#[test]
fn what_an_empty_or_odd_answer_says_is_not_taken_for_a_fact() {
    for body in ["{}", "", "[]", r#"{"Instances":{}}"#, r#"{"Instances":{"Instance":[{"InstanceId":"i-1"}]}}"#] {
        let (remote, _) = World::remote(move |_, _| good(body));
        let looked = done(remote.look(&holding(&[])));
        assert!(matches!(looked, Err(CallError::NotUnderstood { .. })), "{body}: {looked:?}");
    }
}

#[test]
fn a_region_from_a_tag_is_no_way_to_another_host() {
    let (remote, world) = World::remote(simple(&[]));
    done(remote.offers(&holding(&["acs:region=evil.example/"]), &[month()])).unwrap();
    assert!(world.asked().iter().all(|asked| asked.host == "ecs.cn-hangzhou.aliyuncs.com"));
}

#[test]
fn all_pages_of_orders_are_read_or_none_count() {
    let pages = |odd: usize| {
        move |asked: &Asked, count: usize| match asked.action.as_str() {
            "QueryOrders" => {
                let number: usize = asked.get("PageNum").parse().unwrap();
                let size: usize = asked.get("PageSize").parse().unwrap();
                let items: Vec<_> = (0..45).map(|id| order(&id.to_string(), "Unpaid", "240")).collect();
                let shown = items.chunks(size).nth(number - 1).unwrap_or_default().join(",");
                orders(&shown, if number == 2 { odd } else { 45 })
            }
            _ => simple(&[])(asked, count),
        }
    };
    let (remote, _) = World::remote(pages(45));
    let sight = done(remote.look(&holding(&[]))).unwrap().unwrap();
    assert_eq!(sight.open_orders.len(), 45);
    assert_eq!(
        (sight.open_orders[0].gross.to_string(), &*sight.open_orders[0].services[0]),
        ("240.00 CNY".to_owned(), "i-1")
    );
    let (remote, _) = World::remote(pages(46));
    assert!(matches!(done(remote.look(&holding(&[]))), Err(CallError::NotUnderstood { .. })), "they changed meanwhile");
}

#[test]
fn what_became_of_a_renewal_is_read_from_the_orders_that_came_since() {
    type Rows = &'static [(&'static str, &'static str, &'static str)];
    let cases: [(Rows, &str); 9] = [
        (&[], "nothing"),
        (&[("6", "Paid", "240")], "nothing"),
        (&[("7", "Paid", "240.00")], "paid 7"),
        (&[("7", "Unpaid", "240")], "unpaid 7"),
        (&[("7", "Processing", "240")], "pending"),
        (&[("7", "Cancelled", "240")], "nothing"),
        (&[("7", "Paid", "240.01")], "ambiguous"),
        (&[("7", "Paid", "240"), ("8", "Unpaid", "240")], "ambiguous"),
        (&[("6", "Paid", "240"), ("7", "Cancelled", "240"), ("8", "Paid", "240")], "paid 8"),
    ];
    for (rows, is) in cases {
        let (remote, _) = World::remote(simple(rows));
        let watermark = Watermark { at: NOW.parse().unwrap(), orders: vec!["6".to_owned()], balance: None };
        let finding = done(remote.read_back(&ask(&*remote), &watermark, None)).unwrap();
        let said = match &finding {
            Finding::Paid(receipt) => {
                assert_eq!(receipt.until, Some(parse_date("2026-12-12").unwrap()));
                assert_eq!(receipt.balance.map(Money::minor), Some(100_000));
                format!("paid {}", receipt.order.as_deref().unwrap())
            }
            Finding::Unpaid(order) => format!("unpaid {}", order.id),
            Finding::Pending(_) => "pending".to_owned(),
            Finding::Moved { .. } => "moved".to_owned(),
            Finding::Nothing => "nothing".to_owned(),
            Finding::Ambiguous(_) => "ambiguous".to_owned(),
        };
        assert_eq!(said, is, "{rows:?}");
    }
}

#[test]
fn what_is_never_answered_is_unknown_and_sent_once() {
    for (status, body) in [(0, ""), (500, r#"{"Code":"InternalError"}"#), (503, ""), (504, "<html>")] {
        let (remote, world) = World::remote(move |asked, count| match asked.action.as_str() {
            "RenewInstance" => (status, body.to_owned(), None),
            _ => simple(&[])(asked, count),
        });
        let ask = ask(&*remote);
        assert!(matches!(done(remote.order(&ask)), Outcome::Unknown { .. }), "{status}");
        assert_eq!(world.actions().iter().filter(|action| *action == "RenewInstance").count(), 1);
    }
}

#[test]
fn an_order_is_not_sent_where_its_instance_cannot_be_found() {
    let (remote, world) = World::remote(simple(&[]));
    let ask = ask(&*remote);
    let (remote, lost) = World::remote(|_, _| (0, String::new(), None));
    assert!(matches!(done(remote.order(&ask)), Outcome::NeverSent { .. }));
    assert!(lost.actions().iter().chain(&world.actions()).all(|action| action != "RenewInstance"));
    let (remote, _) = World::remote(|_, _| refuse(404, "InvalidAccessKeyId.NotFound"));
    assert!(matches!(done(remote.order(&ask)), Outcome::Refused(_)));
}
