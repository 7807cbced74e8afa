//! Who may call the OVHcloud dialect, and what: keys, signatures, access rules, credentials and their approval, OAuth2;
//! and what becomes of requests that are wrong in every way. Through the real binary.

mod approval;
mod keys;
mod logs;
mod oauth;
mod requests;
mod rules;
mod served;
mod signature;

use anyhow::{Context, Result};
use perennial_testkit::http::{self, Connection, Response};
use perennial_testkit::{OvhClient, Sandbox};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");
const NOW: &str = "2026-11-02T08:00:00Z";

/// The demo's consumer key that may only `GET /me`, its OAuth2 client, and its customers.
const NARROW_CONSUMER_KEY: &str = "demoOvhConsumerNarrow11111111111";
const CLIENT_ID: &str = "EU.demo111111111111";
const CLIENT_SECRET: &str = "demoOvhClientSecret1111111111111";
const CUSTOMER: &str = "xx11111-ovh";
const OTHER_CUSTOMER: &str = "xx22222-ovh";
const PAGE_PASSWORD: &str = "demo";

/// Every way in, with a rule a method.
const EVERYTHING: [(&str, &str); 4] = [("GET", "/*"), ("POST", "/*"), ("PUT", "/*"), ("DELETE", "/*")];

/// A sandbox of a test's own, and a client with the keys of the demo's customer.
struct World {
    sandbox: Sandbox,
    client: OvhClient,
}

impl World {
    fn start() -> Result<Self> {
        let sandbox = Sandbox::options(BINARY).now(NOW).arg("--no-schedule").start()?;
        let client = OvhClient::from_env(&sandbox.env()?)?;
        Ok(Self { sandbox, client })
    }

    /// A client with the application of the demo's customer and another consumer key.
    fn client_with(&self, consumer_key: &str) -> Result<OvhClient> {
        let mut client = OvhClient::from_env(&self.sandbox.env()?)?;
        consumer_key.clone_into(&mut client.consumer_key);
        Ok(client)
    }

    /// A client with the keys of the demo's other customer.
    fn other(&self) -> Result<OvhClient> {
        let mut client = OvhClient::from_env(&self.sandbox.env()?)?;
        for key in [&mut client.application_key, &mut client.application_secret, &mut client.consumer_key] {
            *key = key.replace('1', "2");
        }
        Ok(client)
    }

    fn connection(&self) -> Connection {
        Connection::to(self.address())
    }

    /// Host and port of the dialect.
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.sandbox.port_base() + 1)
    }

    /// Sends a request that nobody signed.
    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
        self.connection().send(method, target, headers, body.as_bytes())
    }

    /// Asks for a credential, as the SDKs do: unsigned, with the application key.
    fn ask(&self, body: &Value) -> Result<Response> {
        let headers = [("X-Ovh-Application", self.client.application_key.as_str()), JSON];
        self.send("POST", "/1.0/auth/credential", &headers, &body.to_string())
    }

    /// Asks for a credential that is well asked for.
    fn asked(&self, rules: &[(&str, &str)], more: &Value) -> Result<Asked> {
        let mut body = json!({ "accessRules": access_rules(rules) });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let answer = self.ask(&body)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Asked::read(&answer.json()?)
    }

    /// A consumer key that the customer has approved without an end.
    fn consumer_key(&self, rules: &[(&str, &str)]) -> Result<String> {
        let asked = self.asked(rules, &Value::Null)?;
        let answer = asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=unlimited")?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(asked.consumer_key)
    }

    /// A client with such a key.
    fn client_that_may(&self, rules: &[(&str, &str)]) -> Result<OvhClient> {
        self.client_with(&self.consumer_key(rules)?)
    }

    /// How many rows a table of the ledger has.
    fn count(&self, table: &str) -> Result<i64> {
        let ledger = rusqlite::Connection::open(self.sandbox.data().join("perennial.db"))?;
        Ok(ledger.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))?)
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A credential that was asked for.
struct Asked {
    consumer_key: String,
    link: String,
}

impl Asked {
    fn read(answer: &Value) -> Result<Self> {
        let text = |name: &str| answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Self { consumer_key: text("consumerKey")?, link: text("validationUrl")? })
    }

    fn page(&self) -> Result<Response> {
        http::get(&self.link)
    }

    /// Answers on the page: `refuse`, or `approve&validity=P1D`.
    fn answer(&self, account: &str, password: &str, answer: &str) -> Result<Response> {
        let form = format!("account={account}&password={password}&answer={answer}");
        http::send("POST", &self.link, &[("Content-Type", "application/x-www-form-urlencoded")], form.as_bytes())
    }
}

fn access_rules(rules: &[(&str, &str)]) -> Value {
    rules.iter().map(|(method, path)| json!({ "method": method, "path": path })).collect()
}

/// The body of a refusal of the gateway.
fn refusal(http_code: &str, class: &str, error_code: &str, message: &str) -> Value {
    json!({ "class": class, "errorCode": error_code, "httpCode": http_code, "message": message })
}

fn invalid_key() -> Value {
    refusal("403 Forbidden", "Client::Forbidden", "INVALID_KEY", "This application key is invalid")
}

fn invalid_signature() -> Value {
    refusal("400 Bad Request", "Client::BadRequest", "INVALID_SIGNATURE", "Invalid signature")
}

fn not_credential() -> Value {
    refusal("403 Forbidden", "Client::Forbidden", "NOT_CREDENTIAL", "This credential does not exist")
}

fn invalid_credential() -> Value {
    refusal("403 Forbidden", "Client::Forbidden", "INVALID_CREDENTIAL", "This credential is not valid")
}

fn not_granted() -> Value {
    refusal("403 Forbidden", "Client::Forbidden", "NOT_GRANTED_CALL", "This call has not been granted")
}

fn out_of_time() -> Value {
    refusal("400 Bad Request", "Client::BadRequest", "QUERY_TIME_OUT", "Query out of time")
}

fn address_not_allowed() -> Value {
    refusal("403 Forbidden", "Client::Forbidden", "FORBIDDEN", "This IP address is not allowed")
}

fn not_logged_in() -> Value {
    json!({ "class": "Client::Unauthorized", "httpCode": "401 Unauthorized", "message": "You must login first" })
}

fn no_route() -> Value {
    json!({ "class": "Client::NotFound", "httpCode": "404 Not Found", "message": "This route does not exist" })
}

fn no_method() -> Value {
    json!({
        "class": "Client::MethodNotAllowed",
        "httpCode": "405 Method Not Allowed",
        "message": "This route does not take this method",
    })
}

fn no_object(parameter: &str, id: &str) -> Value {
    json!({
        "class": "Client::NotFound",
        "httpCode": "404 Not Found",
        "message": format!("The requested object ({parameter} = {id}) does not exist"),
    })
}

fn bad_request(message: &str) -> Value {
    json!({ "class": "Client::BadRequest", "httpCode": "400 Bad Request", "message": message })
}

fn bad_field(field: &str, message: &str) -> Value {
    let mut body = bad_request(message);
    body["details"] = json!({ "field": field });
    body
}

/// The refusal is this one: status and body, as JSON of the dialect, under a query id.
#[track_caller]
fn assert_refused(answer: &Response, body: &Value) {
    let status = body["httpCode"].as_str().and_then(|code| code.split(' ').next()).unwrap_or_default();
    assert_eq!((answer.status.to_string().as_str(), &answer.json().unwrap()), (status, body));
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"));
    query_id_seconds(answer);
}

/// The time in an answer's query id, which has the shape of `EU.ext-3.65e35d7b.2743956.409faf758b6080216e956063f7a5db1b`.
#[track_caller]
fn query_id_seconds(answer: &Response) -> i64 {
    let id = answer.header("X-Ovh-Queryid").expect("every answer has a query id");
    let fields: Vec<&str> = id.split('.').collect();
    let &[region, server, seconds, counter, random] = fields.as_slice() else { panic!("{id}") };
    assert_eq!((region, server), ("EU", "ext-3"), "{id}");
    assert!(counter.parse::<u32>().is_ok(), "{id}");
    assert!(random.len() == 32 && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    i64::from_str_radix(seconds, 16).unwrap()
}

/// Gets what must be there.
#[track_caller]
fn get(client: &mut OvhClient, path: &str) -> Value {
    let (status, body) = client.get(path).unwrap();
    assert_eq!(status, 200, "{path}: {body}");
    body
}
