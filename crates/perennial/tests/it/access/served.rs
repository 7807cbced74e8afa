//! Access as a seller sets it, under `perennial serve`: how many calls a credential may make, the clock window, and
//! what the command line changes while the API is served.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Stdio};

use super::*;
use crate::shop::Shop;

/// `perennial serve` on a ledger of the example's shop; stopped when dropped.
struct Served {
    process: Child,
    /// Nobody could write to a log that was dropped.
    _log: BufReader<ChildStderr>,
    shop: Shop,
    ovh: String,
}

impl Served {
    /// Serves with these lines under `[ovh]`.
    fn start(settings: &str) -> Result<Self> {
        let shop = Shop::empty();
        shop.run(&["import", concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.toml")]).done();
        // Another process may take a port between the look and the start; then others will do.
        for _ in 0..5 {
            let (pages, ovh) = free_addresses()?;
            let database = shop.path("shop.db");
            let config = format!(
                "[store]\npath = \"{database}\"\n[pages]\nlisten = \"{pages}\"\npublic_url = \"http://{pages}\"\n\
                 [ovh]\nlisten = \"{ovh}\"\n{settings}\n"
            );
            let config = shop.write("perennial.toml", &config);
            let mut command = shop.command(&["serve", "--config", &config]);
            let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
            let mut log = BufReader::new(process.stderr.take().context("has a log")?);
            let told = log
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .find(|line| !line.contains(" INFO ") || line.contains("serving:"));
            match told {
                Some(line) if line.contains("serving:") => return Ok(Self { process, _log: log, shop, ovh }),
                Some(line) => assert!(line.contains("listening on"), "{line}"),
                None => {}
            }
            process.wait()?;
        }
        anyhow::bail!("five times, the ports found free were taken before they were served")
    }

    /// A client with keys that the seller issues for an account.
    fn client(&self, account: &str) -> Result<OvhClient> {
        let issue = |more: &[&str]| {
            let common = ["key", "issue", "--account", account, "--dialect", "ovh"];
            self.shop.document(&[&common, more].concat())
        };
        let text = |document: &Value, name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let application = issue(&[]);
        let key = text(&application, "application_key");
        let consumer = issue(&["--kind", "consumer", "--application", &key, "--rule", "GET /*"]);
        let env = [
            ("OVH_ENDPOINT", format!("http://{}/1.0", self.ovh)),
            ("OVH_APPLICATION_KEY", key),
            ("OVH_APPLICATION_SECRET", text(&application, "application_secret")),
            ("OVH_CONSUMER_KEY", text(&consumer, "consumer_key")),
        ];
        OvhClient::from_env(&env.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.process.kill();
        let _waited = self.process.wait();
    }
}

fn free_addresses() -> Result<(String, String)> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((one.local_addr()?.to_string(), other.local_addr()?.to_string()))
}

#[test]
fn a_credential_that_calls_too_often_is_told_when_to_come_again() -> Result<()> {
    let served = Served::start("requests_per_minute = 3")?;
    let mut client = served.client("xx11111-ovh")?;
    let mut wrong = served.client("xx11111-ovh")?;
    wrong.application_key.clone_from(&client.application_key);
    wrong.consumer_key.clone_from(&client.consumer_key);
    for _ in 0..5 {
        assert_refused(&wrong.call("GET", "/me", "")?, &invalid_signature());
        assert_refused(&client.call("POST", "/auth/logout", "")?, &not_granted());
    }
    for left in (0..3).rev() {
        let answer = client.call("GET", "/me", "")?;
        assert_eq!((answer.status, answer.header("Retry-After")), (200, None), "{left} left: {}", answer.text());
    }
    let too_many = json!({
        "class": "Client::TooManyRequests",
        "httpCode": "429 Too Many Requests",
        "message": "Too many requests",
    });
    for path in ["/me", "/service", "/me/order/1"] {
        let answer = client.call("GET", path, "")?;
        assert_refused(&answer, &too_many);
        let wait: u64 = answer.header("Retry-After").context("says when to come again")?.parse()?;
        assert!((1..=21).contains(&wait), "three a minute are one in twenty seconds: {wait}");
    }
    assert!(client.server_time()? > 0, "what needs nobody is not counted");
    let mut other = served.client("reseller-1")?;
    assert_eq!(get(&mut other, "/me")["nichandle"], "reseller-1", "each credential has its own");
    let mut second = served.client("xx11111-ovh")?;
    assert_eq!(get(&mut second, "/me")["nichandle"], "xx11111-ovh");
    Ok(())
}

#[test]
fn what_an_application_may_ask_for_is_counted_together() -> Result<()> {
    let served = Served::start("requests_per_minute = 2")?;
    let client = served.client("xx11111-ovh")?;
    let rules = json!({ "accessRules": access_rules(&[("GET", "/me")]) }).to_string();
    let ask = |key: &str| {
        let headers = [("X-Ovh-Application", key), JSON];
        Connection::to(served.ovh.clone()).send("POST", "/1.0/auth/credential", &headers, rules.as_bytes())
    };
    let statuses = [0; 3].map(|_| ask(&client.application_key).map_or(0, |answer| answer.status));
    assert_eq!(statuses, [200, 200, 429]);
    assert!(ask(&client.application_key)?.header("Retry-After").is_some());
    assert_eq!(ask(&served.client("reseller-1")?.application_key)?.status, 200, "each application has its own");
    Ok(())
}

#[test]
fn the_tokens_of_one_client_share_its_calls() -> Result<()> {
    let served = Served::start("requests_per_minute = 4")?;
    let client =
        served.shop.document(&["key", "issue", "--account", "xx11111-ovh", "--dialect", "ovh", "--kind", "oauth2"]);
    let text = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
    let form =
        |secret: &str| format!("grant_type=client_credentials&client_id={}&client_secret={secret}", text("client_id"));
    let ask = |secret: &str| {
        let form = form(secret);
        Connection::to(served.ovh.clone()).send("POST", "/auth/oauth2/token", &[], form.as_bytes())
    };
    let me = |token: &Value| {
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap_or_default());
        Connection::to(served.ovh.clone()).send("GET", "/1.0/me", &[("Authorization", &bearer)], b"")
    };
    let (one, other) = (ask(&text("client_secret"))?.json()?, ask(&text("client_secret"))?.json()?);
    assert_eq!(ask("wrong")?.status, 401, "who does not know the secret uses up nothing");
    assert_eq!((me(&one)?.status, me(&other)?.status), (200, 200));
    assert_eq!((me(&one)?.status, me(&other)?.status, ask(&text("client_secret"))?.status), (429, 429, 429));
    Ok(())
}

#[test]
fn without_a_limit_nobody_has_to_wait() -> Result<()> {
    let served = Served::start("")?;
    let mut client = served.client("xx11111-ovh")?;
    for _ in 0..50 {
        assert_eq!(client.get("/me")?.0, 200);
    }
    Ok(())
}

#[test]
fn a_seller_may_set_the_window_and_the_signed_address() -> Result<()> {
    let served = Served::start("clock_window_s = 3600\npublic_url = \"https://api.example.net\"")?;
    let mut client = served.client("xx11111-ovh")?;
    let time = client.server_time()?;
    let mut early = served.client("xx11111-ovh")?.at(time + 3_000);
    assert_eq!(early.get("/me")?.0, 200);
    let mut late = served.client("xx11111-ovh")?.at(time - 4_000);
    assert_refused(&late.call("GET", "/me", "")?, &out_of_time());
    let url = "https://api.example.net/1.0/me";
    let (secret, consumer) = (&client.application_secret, &client.consumer_key);
    let signature = perennial_testkit::ovh::signature(secret, consumer, "GET", url, "", time);
    let headers = [
        ("X-Ovh-Application", client.application_key.as_str()),
        ("X-Ovh-Consumer", consumer),
        ("X-Ovh-Timestamp", &time.to_string()),
        ("X-Ovh-Signature", &signature),
    ];
    let answer = Connection::to(served.ovh.as_str()).send("GET", "/1.0/me", &headers, b"")?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(())
}

#[test]
fn what_the_command_line_changes_counts_from_the_next_call_on() -> Result<()> {
    let served = Served::start("")?;
    let (mut client, mut second) = (served.client("xx11111-ovh")?, served.client("xx11111-ovh")?);
    assert_eq!(get(&mut client, "/me")["name"], "Ada Lovelace");
    let changed = served.shop.write(
        "changed.toml",
        "[[accounts]]\ncode = \"xx11111-ovh\"\nname = \"Ada King\"\nemail = \"ada@example.net\"\ncountry = \"FR\"\n\
         currency = \"EUR\"\ntax = \"standard\"\ntax_rate = \"20\"\nzone = \"Europe/Paris\"\n",
    );
    served.shop.run(&["import", &changed]).done();
    assert_eq!(get(&mut client, "/me")["name"], "Ada King");

    let credential = get(&mut client, "/auth/currentCredential")["credentialId"].to_string();
    served.shop.run(&["key", "revoke", &format!("credential/{credential}"), "--yes"]).done();
    assert_refused(&client.call("GET", "/me", "")?, &invalid_credential());
    assert_eq!(second.get("/me")?.0, 200, "the other key goes on");
    let application = get(&mut second, "/auth/currentCredential")["applicationId"].to_string();
    served.shop.run(&["key", "revoke", &format!("application/{application}"), "--yes"]).done();
    assert_refused(&second.call("GET", "/me", "")?, &invalid_key());
    Ok(())
}
