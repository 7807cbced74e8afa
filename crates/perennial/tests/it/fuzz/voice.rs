//! What is known of each dialect: how callers prove themselves, what there is in the demo, and bodies that are taken.

use perennial_providers::Endpoint;
use perennial_testkit::http;
use perennial_testkit::http::Response;
use perennial_testkit::ovh::signature;
use serde_json::{Value, json};

use super::Storm;
use super::draw::Auth;
use super::shape::{self, Judged};
use crate::voices::hostup_id;

/// Headers of a request.
type Headers = Vec<(&'static str, String)>;

/// One API to be stormed.
pub struct Fuzzed {
    /// For people.
    pub name: &'static str,
    /// The dialect that it is of.
    pub dialect: &'static str,
    /// Whether a path is of this API.
    pub takes: fn(&str) -> bool,
    /// Who may call: a draw that would end the storm's own key, or that nobody could send, gives another.
    pub caller: fn(Auth, &str, &str, &[u8]) -> Auth,
    /// Whether a target is for everybody, with a key or without.
    pub open: fn(&str) -> bool,
    /// How a caller proves itself.
    pub proof: fn(&Storm, Auth, &str, &str, &[u8]) -> Headers,
    /// What a parameter of a path can be, of this customer first.
    real: fn(&str, &str) -> Vec<String>,
    /// Bodies that a call takes.
    taken: fn(&Endpoint) -> Vec<Value>,
    /// Looks at the shape of a success.
    pub success: fn(&Response) -> Judged,
    /// Looks at the shape of a refusal.
    pub refusal: fn(&Response, &str) -> Judged,
    /// What must never be in an answer.
    pub secrets: &'static [&'static str],
    /// What must never be in an answer to this customer, who did not name it.
    pub others: &'static [&'static str],
}

impl Fuzzed {
    /// What a parameter of a path can be.
    pub fn ids(&self, path: &str, name: &str) -> Vec<String> {
        (self.real)(path, name)
    }

    /// Bodies that a call takes.
    pub fn bodies(&self, endpoint: &Endpoint) -> Vec<Value> {
        (self.taken)(endpoint)
    }
}

/// Whether a call ends keys, or changes who may use them.
pub fn ends_keys(endpoint: &Endpoint) -> bool {
    ends(endpoint.method.as_str(), endpoint.path)
}

fn ends(method: &str, path: &str) -> bool {
    path == "/auth/logout" || (path.starts_with("/me/api/") && !["GET", "HEAD"].contains(&method))
}

/// Whether a call ends what others need: orders, services, cards.
pub fn ends_things(endpoint: &Endpoint) -> bool {
    endpoint.method.as_str() == "DELETE"
        || ["cancel", "terminate", "decline"].iter().any(|word| endpoint.path.contains(word))
}

/// What is presented by those who have no key.
const GARBAGE: [&str; 8] = [
    "garbage-secret-0123456789",
    "",
    " ",
    "\"",
    "demo-vpsbg-token",
    "éèê-secret",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "%00",
];

const CARD_TOKEN: &str = "pm_secret_of_a_card_4242";

pub const OVH: Fuzzed = Fuzzed {
    name: "ovh",
    dialect: "ovh",
    takes: |_| true,
    caller: |auth, method, path, body| match auth {
        // What is no text nobody can sign; a token of the customer's stands for it.
        _ if std::str::from_utf8(body).is_err() && !ends(method, path) => Auth::Own,
        Auth::Own if ends(method, path) => Auth::Garbage(0),
        auth => auth,
    },
    // Time, new consumer keys, and the descriptions of the sections.
    open: |target| target.contains("/auth/") || target.contains(".json"),
    proof: signed,
    real: ovh_ids,
    taken: ovh_bodies,
    success: shape::success,
    refusal: shape::ovh,
    secrets: &[OVH_SECRET, OVH_CONSUMER, OVH_OTHER_CONSUMER, OVH_NARROW_CONSUMER, OVH_CLIENT_SECRET, GARBAGE[0]],
    others: &["another.ovh", "Another Customer", "another@example.net", "xx22222-ovh", "vps333333"],
};

pub const VPSBG: Fuzzed = Fuzzed {
    name: "vpsbg",
    dialect: "vpsbg",
    takes: |_| true,
    caller: |auth, _, _, _| auth,
    open: |_| false,
    proof: |_, auth, _, _, _| bearer(auth, "vpsbg"),
    real: vpsbg_ids,
    taken: vpsbg_bodies,
    success: shape::success,
    refusal: shape::vpsbg,
    secrets: &[VPSBG_KEYS[0], VPSBG_KEYS[1], VPSBG_KEYS[2], GARBAGE[0]],
    others: &["shop-2gb", "Maria Georgieva", "87.121.52.160", "demo-vpsbg-other"],
};

pub const HOSTUP: Fuzzed = Fuzzed {
    name: "hostup",
    dialect: "hostup",
    takes: |path| path.starts_with("/v2/"),
    caller: |auth, _, _, _| auth,
    open: |_| false,
    proof: |_, auth, _, _, _| bearer(auth, "hostup"),
    real: hostup_ids,
    taken: hostup_bodies,
    success: shape::success,
    refusal: shape::hostup,
    secrets: &[HOSTUP_KEYS[0], HOSTUP_KEYS[1], HOSTUP_KEYS[2], GARBAGE[0], CARD_TOKEN],
    others: &["nyberg.se", "Erik", "demo-hostup-other"],
};

pub const LEGACY: Fuzzed = Fuzzed {
    name: "hostup's legacy API",
    takes: |path| !path.starts_with("/v2/"),
    proof: |_, auth, _, target, _| {
        let headers = bearer(auth, "hostup");
        // Both ways to present a key are taken; which one it is depends on the request, so that draws stay the same.
        if target.len() % 2 == 0 {
            return headers;
        }
        headers.into_iter().map(|(_, value)| ("X-API-Key", value.replacen("Bearer ", "", 1))).collect()
    },
    refusal: shape::legacy,
    ..HOSTUP
};

/// Alibaba Cloud's: its calls are parameters, which [`super::rpc`] draws and signs.
pub const ALIYUN: Fuzzed = Fuzzed {
    name: "aliyun",
    dialect: "aliyun",
    takes: |_| true,
    caller: |auth, _, _, _| auth,
    open: |_| false,
    proof: |_, _, _, _, _| Vec::new(),
    real: |_, _| Vec::new(),
    taken: aliyun_parameters,
    success: shape::aliyun_success,
    refusal: shape::aliyun,
    secrets: &[ALIYUN_KEYS[0].1, ALIYUN_KEYS[1].1, ALIYUN_KEYS[2].1, ALIYUN_KEYS[3].1, ALIYUN_SESSION_TOKEN],
    others: &["i-bp67acfmxazb4p0101", "db-1", "Zhang Min", "demo-aliyun-other"],
};

const OVH_APPLICATION: &str = "demoOvhApp111111";
const OVH_SECRET: &str = "demoOvhSecret1111111111111111111";
const OVH_CONSUMER: &str = "demoOvhConsumer11111111111111111";
const OVH_OTHER_CONSUMER: &str = "demoOvhConsumer22222222222222222";
const OVH_NARROW_CONSUMER: &str = "demoOvhConsumerNarrow11111111111";
const OVH_CLIENT: &str = "EU.demo111111111111";
const OVH_CLIENT_SECRET: &str = "demoOvhClientSecret1111111111111";

/// The customer's, another's, and one that may do little.
const VPSBG_KEYS: [&str; 3] = [
    "demo-vpsbg-token-111111111111111111111111",
    "demo-vpsbg-other-222222222222222222222222",
    "demo-vpsbg-read-only-11111111111111111111",
];
const HOSTUP_KEYS: [&str; 3] = [
    "demo-hostup-token-11111111111111111111111",
    "demo-hostup-other-22222222222222222222222",
    "demo-hostup-read-domains-1111111111111111",
];

/// The customer's, the same customer's that only reads, that of a session, and another customer's.
pub const ALIYUN_KEYS: [(&str, &str); 4] = [
    ("demoAliyunKey11111111111", "demoAliyunSecret11111111111111"),
    ("demoAliyunReader22222222", "demoAliyunReaderSecret22222222"),
    ("STS.demoAliyunSession3333", "demoAliyunSessionSecret3333333"),
    ("demoAliyunOther444444444", "demoAliyunOtherSecret444444444"),
];
pub const ALIYUN_SESSION_TOKEN: &str = "demoAliyunSecurityToken333333333333333333333333333333333";

/// Trades the customer's OAuth2 client for a token.
pub fn log_in(base: &str) -> String {
    let form =
        format!("grant_type=client_credentials&scope=all&client_id={OVH_CLIENT}&client_secret={OVH_CLIENT_SECRET}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = http::send("POST", &format!("{base}/auth/oauth2/token"), &headers, form.as_bytes()).unwrap();
    answer.json().unwrap()["access_token"].as_str().unwrap().to_owned()
}

fn bearer(auth: Auth, dialect: &str) -> Headers {
    let [own, other, narrow] = if dialect == "vpsbg" { VPSBG_KEYS } else { HOSTUP_KEYS };
    let key = match auth {
        Auth::Own => own,
        Auth::Other => other,
        Auth::Narrow => narrow,
        Auth::Missing => return Vec::new(),
        Auth::Garbage(place) => GARBAGE[place % GARBAGE.len()],
    };
    let scheme = if matches!(auth, Auth::Garbage(place) if place % 3 == 2) { "Basic" } else { "Bearer" };
    vec![("Authorization", format!("{scheme} {key}"))]
}

/// Signs as OVHcloud's clients do, what can be signed.
fn signed(storm: &Storm, auth: Auth, method: &str, target: &str, body: &[u8]) -> Headers {
    let Ok(text) = std::str::from_utf8(body) else {
        let token = if auth == Auth::Own { storm.bearer.as_str() } else { GARBAGE[0] };
        return vec![("Authorization", format!("Bearer {token}"))];
    };
    let (application, secret, consumer) = match auth {
        Auth::Own => (OVH_APPLICATION.to_owned(), OVH_SECRET.to_owned(), OVH_CONSUMER),
        Auth::Other => (OVH_APPLICATION.replace('1', "2"), OVH_SECRET.replace('1', "2"), OVH_OTHER_CONSUMER),
        Auth::Narrow => (OVH_APPLICATION.to_owned(), OVH_SECRET.to_owned(), OVH_NARROW_CONSUMER),
        Auth::Missing => return Vec::new(),
        Auth::Garbage(place) => {
            let garbage = GARBAGE[place % GARBAGE.len()];
            if place % 2 == 0 {
                return vec![("Authorization", format!("Bearer {garbage}"))];
            }
            (OVH_APPLICATION.to_owned(), garbage.to_owned(), OVH_CONSUMER)
        }
    };
    let url = format!("http://{}{target}", storm.address);
    let signature = signature(&secret, consumer, method, &url, text, storm.time);
    vec![
        ("X-Ovh-Application", application),
        ("X-Ovh-Consumer", consumer.to_owned()),
        ("X-Ovh-Timestamp", storm.time.to_string()),
        ("X-Ovh-Signature", signature),
    ]
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn ovh_ids(path: &str, name: &str) -> Vec<String> {
    match name {
        "serviceId" => texts(&[112_233, 12_345, 67_890, 22_222, 33_333]),
        "serviceName" if path.starts_with("/vps") => texts(&["vps112233.ovh.net", "vps333333.ovh.net"]),
        "serviceName" if path.starts_with("/domain") => texts(&["example.ovh", "another.ovh"]),
        "serviceName" => texts(&["example.cluster001.hosting.ovh.net"]),
        "id" if path.contains("/creditCard/") => texts(&[1_235, 1_234]),
        "paymentMethodId" | "id" => texts(&[1_234, 1_235, 1_236, 2_234, 3_234]),
        "clientId" => texts(&[OVH_CLIENT]),
        "ovhAccountId" => texts(&["xx11111-ovh", "xx22222-ovh"]),
        "billId" => texts(&["FR00000001", "FR00000002", "FR00000003", "FRC00000001"]),
        "orderDetailId" | "billDetailId" => texts(&[1_001, 2_001, 3_001, 4_001]),
        _ => texts(&[1, 2, 3, 4, 5, 6]),
    }
}

fn ovh_bodies(endpoint: &Endpoint) -> Vec<Value> {
    let pay =
        || vec![json!({ "paymentMean": "paypal", "paymentMeanId": 1_234 }), json!({ "paymentMean": "ovhAccount" })];
    match (endpoint.method.as_str(), endpoint.path) {
        ("POST", "/service/{serviceId}/renew") => vec![
            json!({ "duration": "P1M", "services": [112_233], "dryRun": false }),
            json!({ "duration": "P1Y", "services": [12_345, 67_890], "dryRun": false }),
            json!({ "duration": "P3M", "services": [112_233], "dryRun": true }),
        ],
        ("POST", "/me/order/{orderId}/payWithRegisteredPaymentMean") => pay(),
        ("POST", "/me/order/{orderId}/pay") => vec![json!({ "paymentMethod": { "id": 1_235 } })],
        ("POST", "/me/order/{orderId}/retraction") => vec![json!({ "reason": "other", "comment": "no" })],
        ("POST", "/auth/credential") => vec![json!({
            "accessRules": [{ "method": "GET", "path": "/me" }], "redirection": "https://example.net/", "allowedIPs": ["127.0.0.1/32"],
        })],
        ("POST", "/me/api/oauth2/client") => {
            vec![json!({ "callbackUrls": [], "description": "d", "flow": "CLIENT_CREDENTIALS", "name": "n" })]
        }
        ("PUT", "/me/api/credential/{credentialId}") => vec![json!({ "allowedIPs": ["127.0.0.1/32"] })],
        ("PUT", "/me/payment/method/{paymentMethodId}") => vec![json!({ "description": "mine", "default": true })],
        ("PUT", path) if path.starts_with("/me/paymentMean/") => vec![json!({ "description": "mine" })],
        ("PUT", "/service/{serviceId}") => vec![json!({ "resource": { "displayName": "mine" } })],
        ("PUT", "/services/{serviceId}") => vec![
            json!({ "displayName": "mine", "renew": { "mode": "automatic", "period": "P1M" } }),
            json!({ "terminationPolicy": "terminateAtExpirationDate" }),
            json!({ "terminationPolicy": "empty" }),
        ],
        ("PUT", path) if path.ends_with("/serviceInfos") => vec![json!({
            "renew": { "automatic": true, "deleteAtExpiration": false, "forced": false, "manualPayment": false, "period": if endpoint.path.starts_with("/vps") { 1 } else { 12 } },
        })],
        ("PUT", _) => vec![json!({ "displayName": "mine" })],
        ("POST", path) if path.ends_with("/confirm") || path.ends_with("/confirmTermination") => {
            vec![json!({ "token": "0123456789", "reason": "OTHER", "futureUse": "OTHER", "commentary": "" })]
        }
        _ => Vec::new(),
    }
}

fn vpsbg_ids(path: &str, name: &str) -> Vec<String> {
    match name {
        "server_addon_id" => texts(&[2905, 602, 4101]),
        "service_type" => texts(&["server", "server-addon", "floating-ip", "support", "discount"]),
        "service_id" | "server_id" => texts(&[2904, 3321, 2905, 602, 4101]),
        _ if path.starts_with("/servers") => texts(&[2904, 3321, 4101]),
        _ if path.starts_with("/plans") => texts(&[4, 5, 1]),
        _ => texts(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    }
}

fn vpsbg_bodies(endpoint: &Endpoint) -> Vec<Value> {
    let renew = || {
        vec![
            json!({ "server_ids": [3321], "billing_cycle": 3, "promo_code": "fall2403" }),
            json!({ "server_ids": [2904], "billing_cycle": 1, "promo_code": null }),
            json!({ "server_ids": [2904, 3321], "billing_cycle": 12 }),
        ]
    };
    match (endpoint.method.as_str(), endpoint.path) {
        ("POST", "/servers/renew" | "/servers/renew/calculate") => renew(),
        ("POST", "/orders/pay") => vec![
            json!({ "order_ids": [1] }),
            json!({ "order_ids": [2, 3], "payment_method": "card" }),
            json!({ "order_ids": [4], "payment_method": "bitcoin" }),
            json!({ "order_ids": [5, 6, 7, 8], "payment_method": "card" }),
            json!({ "order_ids": [9] }),
        ],
        ("PATCH", "/orders/{id}") => {
            vec![
                json!({ "auto_pay": false, "payment_method": "balance" }),
                json!({ "auto_pay": false, "promo_code": "fall2403", "payment_method": "card" }),
            ]
        }
        ("PATCH", "/orders/{id}/{service_type}/{service_id}") => {
            vec![json!({ "billing_cycle": 6, "promo_code": null })]
        }
        ("POST", "/servers/{id}/addons") => {
            vec![json!({ "backups": true, "cpanel": "cpanel-admin-5", "bandwidth": null, "microsoft_office_sal": 1 })]
        }
        ("POST", "/servers/{id}/cancel" | "/support/cancel" | "/servers/{server_id}/addons/{server_addon_id}") => {
            vec![json!({ "reason": "why", "now": false })]
        }
        ("PATCH", _) | ("POST", "/servers/{id}/addons/scale/calculate") if endpoint.path.contains("/addons") => {
            vec![json!({ "cpanel": "cpanel-plus-50", "microsoft_office_sal": 2 })]
        }
        ("POST", "/floating-ips") => {
            vec![json!({ "billing_cycle": 1, "ipv4": 1, "ipv4_ddos": 0, "ipv6": 1, "server_id": 3321 })]
        }
        ("POST" | "DELETE", "/floating-ips/cancel") => vec![json!({ "ids": [602], "now": false, "reason": "why" })],
        ("POST", "/support") => vec![json!({ "plan": "professional", "billing_cycle": 3 })],
        ("POST", "/support/renew") => vec![json!({ "billing_cycle": 1 })],
        ("POST", "/invoices/download") => vec![json!({ "invoice_ids": [1, 2] }), json!({ "invoice_ids": [1] })],
        ("POST", "/balance/deposit") => vec![json!({ "amount": 41.67, "payment_method": "card" })],
        ("PATCH", "/user") => vec![json!({ "name": "Ivan Petrov", "tech_email": null, "newsletter": true })],
        _ => Vec::new(),
    }
}

/// Ids of things with these numbers.
fn ids(prefix: &str, numbers: &[i64]) -> Vec<String> {
    numbers.iter().map(|number| hostup_id(prefix, *number)).collect()
}

fn hostup_ids(path: &str, name: &str) -> Vec<String> {
    let section = path.strip_prefix("/v2/").and_then(|below| below.split('/').next());
    match (section, name) {
        (Some("domains"), _) => ids("dom", &[5001, 5091]),
        (Some("shared-hosting"), _) => ids("acct", &[5101]),
        (Some("vps"), _) => ids("vps", &[5201]),
        (Some("orders"), _) => ids("ord", &[1, 2, 3, 4, 5, 6, 7, 8]),
        (Some("billing"), _) if path.contains("/cards/") => ids("card", &[5001, 5002]),
        (Some("billing"), _) => ids("inv", &[1, 2, 3, 4, 5, 6, 7, 8]),
        (_, "jobId") => ids("job", &[1, 2, 3]),
        _ => texts(&[5001, 5091, 5101, 1]),
    }
}

fn hostup_bodies(endpoint: &Endpoint) -> Vec<Value> {
    let domain = || hostup_id("dom", 5001);
    let empty = || vec![json!({})];
    match (endpoint.method.as_str(), endpoint.path) {
        ("POST", "/v2/domains/bulk/renew") => vec![json!({ "domainIds": [domain(), hostup_id("dom", 5091)] })],
        ("POST", "/v2/domains/bulk/autorenew") => vec![
            json!({ "domainIds": [domain()], "enabled": true }),
            json!({ "domainIds": [domain()], "enabled": false, "confirmCancelPending": true }),
        ],
        ("PATCH", "/v2/domains/{id}") => {
            vec![
                json!({ "autoRenew": false, "cancelPendingOrder": true }),
                json!({ "autoRenew": true, "registrarLock": true }),
            ]
        }
        ("POST", "/v2/domains/{id}/actions/respond-to-renewal") => {
            vec![json!({ "accept": true }), json!({ "decision": "decline" })]
        }
        ("POST", "/v2/domains/{id}/billing-cycle") => {
            vec![json!({ "billingCycle": "annually" }), json!({ "periodYears": 2 })]
        }
        ("POST", path) if path.ends_with("/actions/billing-cycle") => vec![
            json!({ "billingCycle": "annually", "dryRun": true }),
            json!({ "billingCycle": "monthly", "dryRun": false, "cancelExistingInvoice": true }),
        ],
        ("POST", "/v2/shared-hosting/{id}/actions/renew") => vec![json!({ "addonIds": ["addon_5102"] }), json!({})],
        ("POST", "/v2/vps/{id}/actions/renew") => vec![json!({}), json!({ "addonIds": ["addon_5202"] })],
        ("POST", "/v2/orders/{id}/actions/cancel") => empty(),
        ("POST", path) if path.ends_with("/actions/cancel") && !path.contains("/billing/") => {
            vec![json!({ "reason": "too_expensive", "cancelType": "end_of_period", "otherReason": "why" })]
        }
        ("POST", "/v2/orders/preview") => vec![json!({ "domainIds": [domain()] })],
        ("POST", "/v2/billing/cards") => vec![json!({
            "paymentMethodToken": CARD_TOKEN, "last4": "4242", "expMonth": 12, "expYear": 2030, "brand": "visa",
        })],
        ("POST", "/v2/billing/credit/actions/add-funds") => {
            vec![json!({ "amount": 100 }), json!({ "amount": "19.50" })]
        }
        ("POST", path) if path.ends_with("/actions/apply-credit") => {
            vec![json!({ "amount": "1.00" }), json!({ "amount": 198.75 })]
        }
        ("POST", path) if path.ends_with("/actions/pay") => {
            vec![json!({}), json!({ "savedCardId": hostup_id("card", 5001) })]
        }
        ("PATCH", _) => vec![json!({ "billing": { "separateInvoices": { "enabled": true } } })],
        ("POST", _) => empty(),
        _ => Vec::new(),
    }
}

/// Parameters that an action takes.
fn aliyun_parameters(endpoint: &Endpoint) -> Vec<Value> {
    const OWN: &str = "i-bp67acfmxazb4p0001";
    const HERE: &str = "cn-hangzhou";
    const SERVER: &str = "2ad1ae67295445f598017499dc891234";
    let renew = |period, unit| json!({ "InstanceId": OWN, "Period": period, "PeriodUnit": unit });
    let of = |id| json!({ "InstanceId": id, "Period": "1" });
    let set = |status| json!({ "RegionId": HERE, "InstanceId": OWN, "RenewalStatus": status, "Duration": "2" });
    let named = endpoint.path.trim_start_matches("/?Action=").split_once("&Version=");
    match named.expect("paths name the action and its version") {
        ("RenewInstance", "2014-05-26") => vec![
            renew("1", "Month"),
            renew("1", "Week"),
            renew("2", "Week"),
            renew("3", "Week"),
            json!({ "InstanceId": OWN, "ExpectedRenewDay": "5" }),
            of("i-bp67acfmxazb4p0002"),
            of("i-bp67acfmxazb4p0003"),
            of("i-bp67acfmxazb4p0101"),
        ],
        ("DescribeInstances", _) => vec![
            json!({ "RegionId": HERE }),
            json!({ "RegionId": HERE, "InstanceIds": format!("[\"{OWN}\",\"i-bp67acfmxazb4p0101\"]") }),
            json!({ "RegionId": HERE, "MaxResults": "10", "NextToken": "" }),
            json!({ "RegionId": HERE, "Tag.1.Key": "team", "Tag.1.Value": "shop", "Status": "Running" }),
        ],
        ("DescribeInstanceStatus", _) => {
            vec![
                json!({ "RegionId": HERE }),
                json!({ "RegionId": HERE, "InstanceId.1": OWN, "InstanceId.2": "i-none" }),
            ]
        }
        ("DescribeRenewalPrice", _) => vec![
            json!({ "RegionId": HERE, "ResourceId": OWN, "Period": "1", "PriceUnit": "Year" }),
            json!({ "RegionId": HERE, "ResourceId": OWN, "ExpectedRenewDay": "5" }),
        ],
        ("DescribeInstanceAutoRenewAttribute", _) => vec![
            json!({ "RegionId": HERE, "InstanceId": OWN }),
            json!({ "RegionId": HERE, "RenewalStatus": "AutoRenewal", "PageSize": "50" }),
        ],
        ("ModifyInstanceAutoRenewAttribute", _) => vec![set("AutoRenewal"), set("NotRenewal"), set("Normal")],
        ("DescribeRegions", _) => vec![json!({}), json!({ "AcceptLanguage": "en-US" })],
        ("QueryAvailableInstances", _) => {
            vec![json!({}), json!({ "ProductCode": "ecs", "InstanceIDs": OWN, "EndTimeEnd": "2099-01-01T00:00:00Z" })]
        }
        ("RenewInstance", _) => vec![json!({ "ProductCode": "swas", "InstanceId": SERVER, "RenewPeriod": "1" })],
        ("SetRenewal", _) => vec![
            json!({ "InstanceIDs": format!("{OWN},{SERVER}"), "RenewalStatus": "NotRenewal" }),
            json!({
                "InstanceIDs": format!("{OWN},{SERVER}"),
                "RenewalStatus": "AutoRenewal",
                "RenewalPeriod": "1",
                "RenewalPeriodUnit": "M",
            }),
        ],
        ("GetOrderDetail" | "CancelOrder", _) => vec![json!({ "OrderId": "1" }), json!({ "OrderId": "900000001" })],
        ("QueryOrders", _) => vec![json!({}), json!({ "CreateTimeStart": "2026-01-01T00:00:00Z", "PageSize": "300" })],
        ("SetAllExpirationDay", _) => vec![json!({ "UnifyExpireDay": "5" })],
        _ => vec![json!({})],
    }
}
