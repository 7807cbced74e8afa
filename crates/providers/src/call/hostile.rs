//! Providers that answer what nobody would: whatever it is, calling them comes to an end, and to an answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{Ask, Length, Offer, Outcome, Remote, RemoteOrder, Watermark};
use perennial_core::calendar::{Period, parse_date};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::ports::{BoxFuture, Clock, Timer};
use perennial_core::product::Kind;

use super::{CallPorts, CallSettings, Credentials, HttpClient, SendError};
use crate::{DIALECTS, Dialect};

/// Longer than an address can be.
const LONG: usize = 70_000;

/// How many requests a single call may come to at the most. (A read of a list has bounds of its own, in pages.)
const REQUESTS_MAX: usize = 25_000;

/// What is answered: `@` stands for a hostile text, `~` for a hostile number.
type Script = fn(&Method, &str) -> &'static str;

struct World {
    script: Script,
    text: String,
    number: &'static str,
    header: &'static str,
    sent: AtomicUsize,
}

impl HttpClient for World {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        assert!(self.sent.fetch_add(1, Ordering::Relaxed) < REQUESTS_MAX, "it does not come to an end");
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let action = request.headers().get("x-acs-action").and_then(|value| value.to_str().ok());
        let template = (self.script)(request.method(), action.unwrap_or(&target));
        let body = template.replace('@', &self.text).replace('~', self.number);
        let response = Response::builder().status(200).header("Retry-After", self.header).header("Date", self.header);
        Box::pin(std::future::ready(Ok(response.body(Bytes::from(body)).expect("is a response"))))
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("is an instant")
    }
}

impl Timer for World {
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn ovh(_: &Method, target: &str) -> &'static str {
    let path = target.split('?').next().unwrap_or(target);
    match path {
        "/1.0/auth/time" => "1795348860",
        "/1.0/services" | "/1.0/me/order" | "/1.0/me/ovhAccount" => "[~, 7, 12]",
        "/1.0/me/bill" => r#"["@", "b"]"#,
        "/1.0/me/payment/method" => "[~]",
        _ if path.ends_with("/details") => "[~]",
        _ if path.ends_with("/status") => r#""@""#,
        _ if path.ends_with("/renew") && !target.contains('?') => {
            r#"[{"renewPeriod":"P1M","strategies":[{"services":[7],"price":{"value":~,"currencyCode":"EUR"}}]}]"#
        }
        _ => {
            r#"{"serviceId":7,"orderId":~,"orderDetailId":~,"domain":"@","id":"@","type":"Bill","billId":"@",
            "date":"2026-11-22T00:00:00+01:00","category":"autorenew","billing":{"expirationDate":"9999-12-31T23:59:59+00:00",
            "pricing":{"duration":"P99999M"}},"renew":{"dayOfMonth":~,"interval":"@"},"registered":[~],
            "priceWithTax":{"value":~,"currencyCode":"EUR"},"priceWithoutTax":{"value":~,"currencyCode":"EUR"},
            "tax":{"value":~,"currencyCode":"EUR"},"order":{"plan":{"duration":"@"}},"account":"@"}"#
        }
    }
}

fn vpsbg(_: &Method, target: &str) -> &'static str {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        "/v1/servers" | "/v1/orders" if query.ends_with("page=1") || query.contains("page=1&") => {
            r#"{"data":[{"id":~,"status":"@","type":"@","hostname":"@","amount_with_vat":"@","expiry_at":
            "9999-12-30T00:00:00.000000Z"}],"meta":{"current_page":1,"last_page":1,"per_page":1,"total":1}}"#
        }
        "/v1/balance" => r#"{"balance":"~","currency":"EUR"}"#,
        _ if path.ends_with("/promo-codes") => r#"[{"code":"@","percentage":"@","minimum_billing_cycle":~}]"#,
        _ => {
            r#"{"id":~,"status":"awaiting_payment","type":"@","auto_pay":false,"amount_with_vat":~,"amount_from_balance":~,
            "hostname":"@","plan":{"id":~,"minimum_billing_cycle":1},"expiry_at":"9999-12-30T00:00:00.000000Z",
            "due_today_amount":~,"due_today_amount_with_vat":"-9223372036854775808","discount":"@",
            "services":[{"service_id":~,"service_type":"server","period_from":~,"period_to":~,"amount_with_vat":~}]}"#
        }
    }
}

fn hostup(_: &Method, target: &str) -> &'static str {
    const ONE: &str = r#"{"id":"@","name":"@","type":"renew","status":"@","orderId":"@","invoiceId":"@","hasPendingOrder":true,
        "renewalScheduled":true,"expiresAt":"9999-12-30T22:00:00Z","createdAt":"-009999-01-02T01:59:59Z","amount":~,
        "currencyCode":"SEK","billing":{"amount":~,"currencyCode":"SEK","billingCycle":"@","periodYears":"~"},
        "renewsFor":{"months":65535},"pendingRenewalOrder":{"id":"@","invoiceId":"@"},
        "renewalInvoice":{"id":"@","amount":~,"currencyCode":"SEK","status":"unpaid"}}"#;
    const LIST: &str = r#"{"data":[{"id":"@","invoiceId":"@","type":"renew","items":[{"serviceId":"vps_1"}],
        "createdAt":"2026-11-22T10:00:00Z","expiresAt":"9999-12-30T22:00:00Z"}],"nextCursor":"@"}"#;
    if target.contains("limit=") || target.ends_with("/cards") { LIST } else { ONE }
}

fn aliyun(_: &Method, action: &str) -> &'static str {
    match action {
        "DescribeRegions" => r#"{"Regions":{"Region":[{"RegionId":"@"},{"RegionId":"-"}]}}"#,
        "DescribeInstanceAutoRenewAttribute" => {
            r#"{"InstanceRenewAttributes":{"InstanceRenewAttribute":[{"InstanceId":"@","RenewalStatus":"@","Duration":"~",
            "PeriodUnit":"Year"}]}}"#
        }
        "QueryAccountBalance" => r#"{"Data":{"AvailableAmount":"~.999","Currency":"EUR"}}"#,
        "QueryOrders" | "GetOrderDetail" => {
            r#"{"Data":{"TotalCount":~,"OrderList":{"Order":[{"OrderId":"@","OrderType":"Renew","PaymentStatus":"@",
            "CreateTime":"9999-12-30T22:00:00Z","Currency":"EUR","PretaxAmount":"~","Tax":"~"}]}}}"#
        }
        "DescribeRenewalPrice" => r#"{"PriceInfo":{"Price":{"TradePrice":~,"DiscountPrice":"~","Currency":"EUR"}}}"#,
        _ => {
            r#"{"RequestId":"@","OrderId":"@","NextToken":"@","Instances":{"Instance":[{"InstanceId":"@","HostName":"@",
            "ExpiredTime":"9999-12-30T22:00:00Z","Status":"@"},{"InstanceId":"vps_1","ExpiredTime":"9999-12-30T22:00Z"}]}}"#
        }
    }
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn holding(id: &str, until: &str) -> Holding {
    let until = parse_date(until).expect("is a date");
    Holding {
        key: HoldingKey {
            provider: ProviderName::parse("x").expect("is a name"),
            id: RemoteId::parse(id).expect("is an id"),
        },
        kind: Kind::Server,
        name: "x.net".to_owned(),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: Stand {
            until,
            expires_at: "2026-11-29T23:00:00Z".parse().expect("is an instant"),
            standing: Standing::Renewable,
            native: Native::On,
        },
        period: None,
    }
}

fn ask(holding: &Holding) -> Ask {
    let length = Length::Period(Period::parse("P1M").expect("is a period"));
    let until = parse_date("2026-12-30").expect("is a date");
    let offer =
        Offer { length, net: eur(599), tax: eur(120), gross: eur(719), discount: None, until, remarks: Vec::new() };
    holding.ask(offer, "token".to_owned())
}

/// An account, all of whose calls are answered so.
fn called(
    dialect: &Dialect,
    script: Script,
    text: &str,
    number: &'static str,
    header: &'static str,
) -> Arc<dyn Remote> {
    let world = Arc::new(World { script, text: text.to_owned(), number, header, sent: AtomicUsize::new(0) });
    let ports = CallPorts { client: Arc::clone(&world) as _, clock: Arc::clone(&world) as _, timer: world };
    let mut credentials = Credentials::default();
    for field in dialect.call.fields.iter().filter(|field| !field.name.starts_with("client_")) {
        credentials.set(field.name, "hunter2");
    }
    let settings = CallSettings {
        credentials,
        vat: Rate::parse_percent("25").ok(),
        requests_per_minute: std::num::NonZeroU32::new(u32::MAX),
        ..CallSettings::default()
    };
    (dialect.call.make)(ProviderName::parse("x").expect("is a name"), settings, ports).expect("can be called")
}

/// Makes every call there is. Nothing that was answered to what costs money may be taken for a yes.
async fn call_all(remote: &dyn Remote, id: &str, text: &str) {
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().expect("is an instant");
    let _ = remote.introduce().await;
    for from in [None, Some(text), Some("/vps?x"), Some("cn-x 4294967295 y"), Some("2/9223372036854775807")] {
        let _ = remote.inventory(from).await;
    }
    let _ = remote.funds().await;
    let _ = remote.charges(now).await;
    for until in ["2026-11-30", "9999-12-30"] {
        let holding = holding(id, until);
        let ask = ask(&holding);
        let order = |id: &str| RemoteOrder {
            id: id.to_owned(),
            invoice: Some(id.to_owned()),
            gross: eur(719),
            until: None,
            services: Vec::new(),
        };
        let _ = remote.look(&holding).await;
        let _ = remote.offers(&holding, &[]).await;
        let _ = remote.switch_native_off(&holding).await;
        let _ = remote.order(&ask).await;
        for order in [order("7"), order(text)] {
            let paid = remote.pay(&ask, &order).await;
            assert!(!matches!(paid, Outcome::Paid(_)), "{}: {paid:?}", remote.provider());
            let _ = remote.leave_unpaid(&order).await;
            for orders in [vec![], vec![text.to_owned(), "11".to_owned()]] {
                let watermark = Watermark { at: now, orders, balance: None };
                let _ = remote.read_back(&ask, &watermark, Some(&order)).await;
                let _ = remote.read_back(&ask, &watermark, None).await;
            }
        }
    }
}

#[test]
fn nothing_that_a_provider_answers_makes_us_fall() {
    static LONG_TEXT: OnceLock<String> = OnceLock::new();
    let long = LONG_TEXT.get_or_init(|| "a".repeat(LONG));
    let scripts: [(&str, Script); 4] = [("ovh", ovh), ("vpsbg", vpsbg), ("hostup", hostup), ("aliyun", aliyun)];
    for (dialect, (name, script)) in DIALECTS.iter().zip(scripts) {
        assert_eq!(dialect.name, name);
        let id = if matches!(name, "ovh" | "vpsbg") { "7" } else { "vps_1" };
        for (text, number, header) in [
            (long.as_str(), "7", "9223372036854775807"),
            (r"\u0000\n\r ../?#%@,\ud83d\ude00", "9223372036854775807", "-9223372036854775808"),
            ("é€", "-9223372036854775808", "Fri, 31 Dec 9999 23:59:59 GMT"),
            ("", "1e400", "Mon, 01 Jan 0001 00:00:00 GMT"),
            ("-1", "0.00000000000000000000001", ""),
            ("99999999999999999999", "99999999999999999999", "x"),
        ] {
            let remote = called(dialect, script, text, number, header);
            // As it is once it was read.
            let read = if text.contains('\\') { "a\0\n?#/,b" } else { text };
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let all = std::pin::pin!(call_all(&*remote, id, read));
            assert!(all.poll(&mut context).is_ready(), "nothing here waits");
        }
    }
}
