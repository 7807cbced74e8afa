//! `perennial serve`: a shop of its own, from its configuration to its end, with the real clock.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use perennial_testkit::http::Response;
use perennial_testkit::{BearerClient, Env, OvhClient, Sandbox, Server, clients, http, process, sandbox};
use serde_json::{Value, json};

use crate::shop::{MASTER_KEY, Run, Shop, env};

/// A shop that is served.
struct World {
    shop: Shop,
    server: Server,
    port: u16,
}

impl World {
    /// Serves a shop with more in its configuration, such as a section `[mail]`.
    fn serve(shop: Shop, more: &str) -> Self {
        let port = sandbox::free_ports().unwrap();
        let config = shop.write("perennial.toml", &(config(port) + more));
        let server = start(&shop, port, &config);
        Self { shop, server, port }
    }

    fn restart(&mut self) {
        self.server = start(&self.shop, self.port, &self.shop.path("perennial.toml"));
    }

    fn get(&self, target: &str) -> Response {
        http::get(&format!("http://127.0.0.1:{}{target}", self.port)).unwrap()
    }

    /// Keys for an account that may do everything, as its own environment.
    fn env_of(&self, account: &str) -> Env {
        env(&self.shop.keys(account), self.port)
    }

    fn client_of(&self, account: &str) -> OvhClient {
        OvhClient::from_env(&self.env_of(account)).unwrap()
    }

    /// The counters of `/metrics` and what the histograms counted, by name and labels.
    fn measured(&self) -> BTreeMap<String, f64> {
        let answer = self.get("/metrics");
        assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let text = answer.text();
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let value = |line: &str| line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
        samples.map(|line| value(line).unwrap()).collect()
    }
}

/// A smallest configuration.
pub fn config(port: u16) -> String {
    format!(
        r#"
[store]
path = "shop.db"

[pages]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"

[ovh]
listen = "127.0.0.1:{}"
"#,
        port + 1
    )
}

/// Serves a shop with a configuration, which is a file, and waits until it is ready.
pub fn start(shop: &Shop, port: u16, config: &str) -> Server {
    let command = shop.command(&["serve", "--config", config]);
    Server::start(command, &format!("http://127.0.0.1:{port}/readyz"), shop.path("server.log").into()).unwrap()
}

fn renew(client: &mut OvhClient, service: i64) -> Option<i64> {
    let body = json!({ "duration": "P1M", "services": [service], "dryRun": false });
    let (status, order) = client.post(&format!("/service/{service}/renew"), &body).ok()?;
    assert_eq!(status, 200, "{order}");
    order["orderId"].as_i64()
}

fn pay(client: &mut OvhClient, order: i64, body: &Value) {
    let paid = client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), body).unwrap();
    assert_eq!(paid, (200, Value::Null), "order {order}");
}

#[test]
fn the_example_shop_sells_a_renewal_from_import_to_bill() {
    let mut world = World::serve(Shop::empty(), "");
    // The example's dates are of one year; the test is run in any.
    let date = world.get("/healthz").header("Date").unwrap().to_owned();
    let year: u16 = date.split(' ').nth(3).unwrap().parse().unwrap();
    let example = include_str!("../../../../examples/shop.toml");
    let file = world.shop.write("example.toml", &example.replace("2027-", &format!("{}-", year + 1)));
    world.shop.run(&["import", &file]).done();
    let mut client = world.client_of("xx11111-ovh");
    let get = |client: &mut OvhClient, path: &str| {
        let (status, body) = client.get(path).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    let infos = "/vps/vps112233.example.net/serviceInfos";
    assert_eq!(get(&mut client, infos)["expiration"], format!("{}-01-31", year + 1));
    let order = renew(&mut client, 1001).unwrap();
    let shown = get(&mut client, &format!("/me/order/{order}"));
    let pages = format!("http://127.0.0.1:{}/order/xx11111-ovh/{order}?password=", world.port);
    assert!(shown["url"].as_str().unwrap().starts_with(&pages), "{shown}");
    let totals = ["priceWithoutTax", "tax", "priceWithTax"].map(|field| shown[field]["text"].clone());
    assert_eq!(totals, ["3.59 €", "0.72 €", "4.31 €"]);
    let card = get(&mut client, "/me/paymentMean/creditCard")[0].clone();
    pay(&mut client, order, &json!({ "paymentMean": "creditCard", "paymentMeanId": card }));
    let leap = (year + 1).is_multiple_of(4);
    let expected = format!("{}-02-{}", year + 1, if leap { 29 } else { 28 });
    assert_eq!(get(&mut client, infos)["expiration"], expected, "the 31st survives February");
    assert_eq!(get(&mut client, "/me/bill"), json!(["FR00000001"]));
    assert_eq!(http::get(shown["url"].as_str().unwrap()).unwrap().status, 200);
    assert_eq!(get(&mut world.client_of("reseller-1"), "/me/order"), json!([]));
    world.shop.run(&["audit"]).done();
    assert!(world.server.stop().unwrap().success());
}

#[test]
fn nothing_of_the_sandbox_is_there_and_the_index_asks_who_one_is() {
    let world = World::serve(Shop::open(), "");
    for below in ["", "/", "/clock", "/faults", "/ledger", "/outbox"] {
        for method in ["GET", "POST", "DELETE"] {
            let url = format!("http://127.0.0.1:{}/_sandbox{below}", world.port);
            let answer = http::send(method, &url, &[], b"{\"advance\":\"P1D\"}").unwrap();
            assert_eq!(answer.status, 404, "{method} {url}");
        }
    }
    let index = world.get("/");
    assert_eq!(index.status, 401);
    assert!(index.header("WWW-Authenticate").is_some_and(|asked| asked.starts_with("Basic realm=")));
    assert!(!index.text().contains("acme") && !index.text().contains("vps1"), "{}", index.text());
    // `acme` has no password, `nobody` no account; both are wrong in the same way.
    for basic in ["YWNtZTpkZW1v", "bm9ib2R5OmRlbW8=", "YWNtZTo=", "%%%"] {
        let url = format!("http://127.0.0.1:{}/", world.port);
        let answer = http::send("GET", &url, &[("Authorization", &format!("Basic {basic}"))], b"").unwrap();
        assert_eq!(answer.status, 401, "{basic}");
    }
}

#[test]
fn a_wrong_configuration_stops_the_start_with_line_reason_and_hint() {
    let shop = Shop::empty();
    let port = sandbox::free_ports().unwrap();
    shop.write("good.key", MASTER_KEY);
    shop.write("bad.key", "0123");
    shop.write("text.db", "this is no ledger, only a few words of text that are long enough to be a header of one");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    shop.write("cert.pem", &made.cert.pem());
    shop.write("other.pem", &other.serialize_pem());
    std::fs::create_dir(shop.path("folder")).unwrap();
    let good = config(port) + "[secrets]\nmaster_key_file = \"good.key\"\n";
    let instead = |what: &str, with: &str| {
        assert!(good.contains(what), "{what}");
        good.replace(what, with)
    };
    let tls = |certificate: &str, key: &str| format!("{good}[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
    let mail = |pickup: &str, from: &str| format!("{good}[mail]\npickup = \"{pickup}\"\nfrom = \"{from}\"\n");
    let listen = format!("\"127.0.0.1:{port}\"");
    let url = format!("\"http://127.0.0.1:{port}\"");
    let hint_try = "hint: mend that, and see with `perennial serve --check`";
    let table = [
        (
            instead("path =", "paht ="),
            vec!["line 3, column 1", "unknown field `paht`, expected one of `path`", hint_try],
        ),
        (
            format!("{good}[smtp]\n"),
            vec!["line 13, column 2", "unknown section `smtp`, the sections are `store`", hint_try],
        ),
        (instead("[pages]", "[page]"), vec!["line 5", "`page`", hint_try]),
        (
            instead("[ovh]", "[hetzner]"),
            vec!["line 9, column 2", "`hetzner`", "`ovh`, `vpsbg`, `hostup`, `aliyun`", hint_try],
        ),
        (instead("[ovh]", "[vpsbg]\nlisten_on = 1\n[ovh]"), vec!["line 10, column 1", "`listen_on`", hint_try]),
        (good[good.find("[ovh]").unwrap()..].to_owned(), vec!["has no section [pages]", "hint: add it with `listen`"]),
        (instead(&listen, "\"localhost\""), vec!["line 6", "`localhost` is not an address with its port", hint_try]),
        (instead(&listen, "8400"), vec!["line 6", "invalid type", hint_try]),
        (instead(&url, "\"renew.example.net\""), vec!["line 7", "`renew.example.net` is not a URL", hint_try]),
        (instead(&url, "\"https://a.example/b\""), vec!["line 7", "without a path", hint_try]),
        (instead("[ovh]", "[ovh"), vec!["line 9", "unclosed table", hint_try]),
        (instead("[ovh]", "[ovh]\nrequests_per_minute = 0"), vec!["line 10", "nonzero", hint_try]),
        (instead("[ovh]", "[ovh]\nclock_window_s = -1"), vec!["line 10", "-1", hint_try]),
        (
            instead("[ovh]", "[vpsbg]\nlisten = \"127.0.0.1:0\"\nclock_window_s = 120\n[ovh]"),
            vec!["line 11, column 1", "`clock_window_s` is no setting of `[vpsbg]`", hint_try],
        ),
        (
            instead("[ovh]", "[ovh]\nrepeat_window_s = 0"),
            vec!["line 10, column 1", "`repeat_window_s` is no setting of `[ovh]`", hint_try],
        ),
        (instead("[ovh]", "[aliyun]\nrepeat_window_s = \"1m\"\n[ovh]"), vec!["line 10", "invalid type", hint_try]),
        (instead("good.key", "no.key"), vec!["no.key", "No such file", "hint: `openssl rand -hex 32` makes one"]),
        (instead("good.key", "bad.key"), vec!["bad.key", "64 hexadecimal digits", "hint: `openssl rand"]),
        (config(port), vec!["there is no master key", "hint: set PERENNIAL_MASTER_KEY"]),
        (tls("no.pem", "no.pem"), vec!["reading the certificate", "no.pem", "No such file", "hint: it must be a PEM"]),
        (tls("other.pem", "other.pem"), vec!["other.pem holds no certificate", "hint: it must be a PEM file"]),
        (tls("cert.pem", "cert.pem"), vec!["reading the private key", "cert.pem", "hint: it must be a PEM file"]),
        (tls("cert.pem", "other.pem"), vec!["other.pem", "KeyMismatch", "hint: the key must be that of"]),
        (mail("nowhere", "a@example.net"), vec!["nowhere does not exist", "hint: make it"]),
        (mail("folder", "a@"), vec!["line 15, column 8", "`a@` is not a mail address", hint_try]),
        (
            good.replace("[ovh]", "").replace(&format!("listen = \"127.0.0.1:{}\"", port + 1), ""),
            vec!["no dialect", "hint: add a section with `listen` for one: [ovh], [vpsbg], [hostup], [aliyun]"],
        ),
    ];
    let run = |config: &str, more: &[&str]| {
        let config = shop.write("wrong.toml", config);
        let served = shop.command(&[["serve", "--config", &config].as_slice(), more].concat());
        let mut command = Command::new("timeout");
        command.arg("60").arg(served.get_program()).args(served.get_args()).stdin(Stdio::null());
        command.env_remove("PERENNIAL_DATABASE").env_remove("PERENNIAL_MASTER_KEY").env_remove("PERENNIAL_CONFIG");
        Run::of(&command.output().unwrap())
    };
    for (config, said) in table {
        for more in [["--check"].as_slice(), &[]] {
            let mut run = run(&config, more).failed(1, said[0]);
            run.stderr = run.stderr.replace('\n', " ");
            assert!(said.iter().all(|said| run.stderr.contains(said)), "{said:?} is not in {config}\n{}", run.stderr);
        }
    }
    assert!(!std::path::Path::new(&shop.path("shop.db")).exists(), "nothing was made");

    // What is wrong outside of the file is found when it is needed.
    let taken = std::net::TcpListener::bind(("127.0.0.1", port + 1)).unwrap();
    run(&good, &[]).failed(1, "for ovh\n  because: Address already in use");
    drop(taken);
    for (path, said) in
        [("no/such/shop.db", "unable to open"), ("folder", "unable to open"), ("text.db", "not a database")]
    {
        let run = run(&instead("shop.db", path), &[]).failed(1, said);
        assert!(run.stderr.contains("hint: `path` under [store]"), "{}", run.stderr);
    }
    run(&good, &["--database", "no/such/shop.db"]).failed(1, "no/such/shop.db");
    // A ledger that the command line names need not be named in the file.
    let nameless = &good[good.find("[pages]").unwrap()..];
    run(nameless, &["--database", "no/such/shop.db"]).failed(1, "no/such/shop.db");
    run(nameless, &[]).failed(2, "no database is named\nhint: give `--database PATH`");
    let checked = run(&good, &["--check"]).done();
    assert_eq!((checked.stdout.as_str(), checked.stderr.ends_with("wrong.toml is in order\n")), ("", true));
    assert!(!std::path::Path::new(&shop.path("shop.db")).exists(), "a check makes nothing");
}

#[test]
fn without_a_configuration_it_says_which_file_it_looked_for() {
    Shop::empty().run(&["serve"]).failed(1, "reading the configuration perennial.toml");
    Shop::empty().run(&["serve", "--config", "other.toml"]).failed(1, "reading the configuration other.toml");
}

#[test]
fn it_tells_machines_how_it_is_and_what_it_counted() {
    let world = World::serve(Shop::open(), "");
    for (target, said) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = world.get(target);
        assert_eq!((answer.status, answer.text().as_str()), (200, said));
    }
    let env = world.env_of("acme");
    let mut client = OvhClient::from_env(&env).unwrap();
    world.shop.run(&["balance", "credit", "acme", "100", "--memo", "a start"]).done();
    let renewed = "perennial_requests_total{dialect=\"ovh\",operation=\"renew\",status=\"200\"}";
    let committed = "perennial_commands_total{outcome=\"done\"}";
    let before = world.measured();
    let order = renew(&mut client, 1001).unwrap();
    pay(&mut client, order, &json!({ "paymentMean": "ovhAccount" }));
    assert_eq!(client.get("/service/424242").unwrap().0, 404);
    assert_eq!(client.get("/no/such/path").unwrap().0, 404);
    let after = world.measured();
    let grew = |name: &str| after.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
    let grown = [renewed, committed].map(grew);
    assert!((grown[0] - 1.0).abs() < 0.1 && grown[1] > 1.9, "{grown:?}");
    let seen = |operation: &str, status: &str| {
        let name = format!("perennial_requests_total{{dialect=\"ovh\",operation=\"{operation}\",status=\"{status}\"}}");
        assert!(grew(&name) > 0.9, "{name} in {after:?}");
    };
    seen("pay", "200");
    seen("service", "404");
    seen("unknown", "404");

    let text = world.get("/metrics").text();
    let typed: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert_sample(line, &typed);
    }
    let secrets = ["OVH_APPLICATION_KEY", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY"].map(|name| env[name].as_str());
    // Without the values, whose digits may be any.
    let names: String =
        text.lines().flat_map(|line| [line.rsplit_once(' ').map_or(line, |(name, _)| name), "\n"]).collect();
    for secret in secrets.into_iter().chain(["acme", "globex", "1001", "424242", "no/such"]) {
        assert!(!names.contains(secret), "{secret} is in\n{text}");
    }
}

/// A line of Prometheus's text format, with few labels that are words of our own.
fn assert_sample(line: &str, typed: &BTreeSet<&str>) {
    let (sample, value) = line.rsplit_once(' ').unwrap();
    assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
    let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
    let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
    assert!(typed.contains(family) && family.starts_with("perennial_"), "{line}");
    for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once('=').unwrap();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap();
        let word = |c: char| c.is_ascii_lowercase() || c == '-';
        match name {
            "status" => assert!(value.len() == 3 && value.parse::<u16>().is_ok(), "{line}"),
            "le" => assert!(value == "+Inf" || value.parse::<f64>().is_ok(), "{line}"),
            "dialect" | "operation" | "outcome" => assert!(value.chars().all(word), "{line}"),
            _ => panic!("nobody knows the label {name} of {line}"),
        }
    }
}

#[test]
fn asked_to_end_in_a_burst_of_renewals_it_keeps_all_that_it_answered() {
    const CLIENTS: usize = 8;
    const SERVICES: i64 = 2_000;
    /// How many renewals are answered before it is asked to end.
    const BURST: usize = 60;
    let shop = Shop::open();
    let services: String = (0..SERVICES).map(|number| many(10_000 + number)).collect();
    let file = shop.write("many.toml", &services);
    shop.run(&["import", &file]).done();
    let mut world = World::serve(shop, "");
    let env = world.env_of("acme");
    let time = OvhClient::from_env(&env).unwrap().server_time().unwrap();
    let (answered, count) = (Mutex::new(BTreeSet::new()), AtomicUsize::new(0));
    let status = thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (env, answered, count) = (&env, &answered, &count);
            scope.spawn(move || {
                let mut client_of = OvhClient::from_env(env).unwrap().at(time);
                for service in (0..SERVICES).skip(client).step_by(CLIENTS) {
                    // No answer: the server has gone.
                    let Some(order) = renew(&mut client_of, 10_000 + service) else { return };
                    assert!(answered.lock().unwrap().insert(order), "every service has an order of its own");
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let enough = || Ok((count.load(Ordering::SeqCst) >= BURST).then_some(()));
        process::until("the burst", enough).unwrap();
        world.server.stop().unwrap()
    });
    assert!(status.success(), "{status}");
    let log = world.server.log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    let answered = answered.into_inner().unwrap();
    assert!((BURST..usize::try_from(SERVICES).unwrap()).contains(&answered.len()), "{} were answered", answered.len());
    let kept: BTreeSet<_> =
        world.shop.json(&["order", "list"]).iter().map(|order| order["id"].as_i64().unwrap()).collect();
    let lost: Vec<_> = answered.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?}");
    world.shop.run(&["audit"]).done();

    world.restart();
    let mut client = OvhClient::from_env(&env).unwrap();
    let first = answered.first().unwrap();
    assert_eq!(client.get(&format!("/me/order/{first}/status")).unwrap(), (200, json!("notPaid")));
}

/// A service of the account `acme`.
fn many(id: i64) -> String {
    format!(
        "[[services]]\nid = {id}\nname = \"vps{id}.example.net\"\naccount = \"acme\"\nproduct = \"vps\"\n\
         created = 2026-01-31\nuntil = 2099-01-31\nperiod = \"P1M\"\n"
    )
}

#[test]
fn commands_work_beside_it_on_the_same_ledger() {
    let mut world = World::serve(Shop::open(), "");
    let mut client = world.client_of("acme");
    let balance = |client: &mut OvhClient| client.get("/me/ovhAccount/acme").unwrap().1["balance"]["text"].clone();
    assert_eq!(balance(&mut client), "0.00 €");
    let order = renew(&mut client, 1001).unwrap();
    world.shop.run(&["balance", "credit", "acme", "10", "--memo", "by hand"]).done();
    assert_eq!(balance(&mut client), "10.00 €");
    pay(&mut client, order, &json!({ "paymentMean": "ovhAccount" }));
    assert_eq!(balance(&mut client), "5.69 €");
    let listed = world.shop.json(&["order", "list"]);
    assert_eq!((listed.len(), &listed[0]["id"], &listed[0]["state"]), (1, &json!(order), &json!("fulfilled")));
    world.shop.run(&["audit"]).done();
    let copy = world.shop.path("copy.db");
    world.shop.run(&["backup", &copy]).done();
    world.shop.run(&["--database", &copy, "audit"]).done();
    world.shop.run(&["order", "credit", &order.to_string(), "--yes"]).done();
    assert_eq!(balance(&mut client), "10.00 €");

    let next = renew(&mut client, 1001).unwrap();
    assert!(next > order, "the server still serves");
    let keys = world.shop.json(&["key", "list"]);
    let consumer = keys.iter().find(|key| key["kind"] == "consumer").unwrap()["id"].as_str().unwrap();
    world.shop.run(&["key", "revoke", consumer, "--yes"]).done();
    assert_eq!(client.get("/me").unwrap().0, 403, "a revoked key ends at once");
    assert_eq!(world.shop.json(&["--database", &copy, "order", "list"]).len(), 1, "the backup is of its moment");
    assert!(world.server.stop().unwrap().success());
}

/// Reads mails as any mail program does.
const READ_MAIL: &str = "
import email, email.policy, json, sys
mails = {}
for name in sys.argv[1:]:
    mail = email.message_from_binary_file(open(name, 'rb'), policy=email.policy.default)
    assert not mail.defects, mail.defects
    mails[name.rsplit('/', 1)[-1]] = {
        'from': mail['From'], 'to': mail['To'], 'subject': mail['Subject'], 'id': mail['Message-ID'],
        'dated': mail['Date'].datetime is not None, 'type': mail.get_content_type(),
        'text': mail.get_body(('plain',)).get_content().replace('\\r\\n', '\\n'),
    }
print(json.dumps(mails))
";

/// The mails in a folder, by the names of their files; they are taken away, as a mail server would.
fn take_mails(folder: &str) -> BTreeMap<String, Value> {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    let files: Vec<_> = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "eml")).collect();
    if files.is_empty() {
        return BTreeMap::new();
    }
    let python = clients::installed("venv/bin/python").unwrap();
    let read = Command::new(python).args(["-c", READ_MAIL]).args(&files).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
    serde_json::from_slice(&read.stdout).unwrap()
}

#[test]
fn notices_leave_as_mails_once_each() {
    let shop = Shop::open();
    let pickup = shop.path("pickup");
    std::fs::create_dir(&pickup).unwrap();
    let mut world = World::serve(shop, "[mail]\npickup = \"pickup\"\nfrom = \"renewals@example.net\"\n");
    let mut client = world.client_of("acme");
    let next_mail = |client: &mut OvhClient| {
        assert_eq!(client.post("/vps/vps1.example.net/terminate", &Value::Null).unwrap().0, 200);
        let mails =
            process::until("a mail", || Ok(take_mails(&pickup)).map(|mails| (!mails.is_empty()).then_some(mails)));
        let mails = mails.unwrap();
        assert_eq!(mails.len(), 1, "each notice leaves once: {mails:?}");
        mails.into_iter().next().unwrap()
    };
    let (first, mail) = next_mail(&mut client);
    assert_eq!((&mail["from"], &mail["to"]), (&json!("renewals@example.net"), &json!("billing@acme.example.net")));
    assert_eq!(mail["subject"], "Please confirm: end vps1.example.net at its expiry");
    assert_eq!((&mail["type"], &mail["dated"]), (&json!("multipart/alternative"), &json!(true)));
    let text = mail["text"].as_str().unwrap();
    assert!(text.starts_with("Hello ACME,\n\nSomebody asked to end vps1.example.net"), "{text}");
    let token = text.lines().find(|line| line.len() >= 16 && !line.contains(' ')).unwrap().to_owned();

    assert!(world.server.stop().unwrap().success());
    world.restart();
    let (second, other) = next_mail(&mut client);
    assert_ne!((&second, &other["id"]), (&first, &mail["id"]), "what has left does not leave again");
    let confirm = "/vps/vps1.example.net/confirmTermination";
    let stale = client.post(confirm, &json!({ "token": token })).unwrap();
    let fresh = other["text"].as_str().unwrap().lines().find(|line| line.len() >= 16 && !line.contains(' ')).unwrap();
    let confirmed = client.post(confirm, &json!({ "token": fresh })).unwrap();
    assert_eq!(
        (stale.0, confirmed.0),
        (400, 200),
        "the token that was mailed last is the one: {stale:?} {confirmed:?}"
    );
}

/// A Python that trusts one authority, and gets a URL.
const GET: &str = "
import ssl, sys, urllib.request
https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=sys.argv[1]))
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
print(opener.open(sys.argv[2], timeout=30).read().decode())
";

#[test]
fn every_listener_speaks_tls_where_it_is_asked_to() {
    let authority = Sandbox::options(env!("CARGO_BIN_EXE_perennial")).tls().start().unwrap();
    let ca = authority.ca_file().unwrap();
    let shop = Shop::open();
    for name in ["server.pem", "server.key"] {
        std::fs::copy(ca.with_file_name(name), shop.path(name)).unwrap();
    }
    let port = sandbox::free_ports().unwrap();
    let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
    let config = shop.write("perennial.toml", &(config(port).replace("http:", "https:") + tls));
    let python = clients::installed("venv/bin/python").unwrap();
    let get = |url: String| {
        let got = Command::new(&python).env_clear().args(["-c", GET]).arg(&ca).arg(url).output().unwrap();
        got.status.success().then(|| String::from_utf8(got.stdout).unwrap())
    };
    let mut served = shop.command(&["serve", "--config", &config]).stdin(Stdio::null()).spawn().unwrap();
    let ready = || {
        assert!(served.try_wait()?.is_none(), "it serves");
        Ok(get(format!("https://localhost:{port}/readyz")))
    };
    let seen = process::until("ready", ready).map(|ready| {
        let time = get(format!("https://127.0.0.1:{}/1.0/auth/time", port + 1));
        let plain = http::get(&format!("http://127.0.0.1:{port}/readyz"));
        (ready, time.is_some_and(|time| time.trim().parse::<i64>().is_ok()), plain.is_err())
    });
    process::ask_to_end(&served).unwrap();
    assert!(process::wait_for_end(&mut served).unwrap().success());
    assert_eq!(seen.unwrap(), ("ready\n\n".to_owned(), true, true));
}

#[test]
fn every_dialect_is_served_on_its_own_address_to_its_own_keys() {
    let port = sandbox::free_ports().unwrap();
    let shop = Shop::open();
    let section = |offset: u16, name: &str| {
        format!("[{name}]\nlisten = \"127.0.0.1:{}\"\nrequests_per_minute = 2\n", port + offset)
    };
    let more = [section(2, "vpsbg"), section(3, "hostup")].concat();
    let file = shop.write("perennial.toml", &(config(port) + &more));
    let mut server = start(&shop, port, &file);
    let token = |dialect: &str, more: &[&str]| {
        let issued = shop.document(&[&["key", "issue", "--account", "acme", "--dialect", dialect], more].concat());
        issued["token"].as_str().unwrap().to_owned()
    };
    for (offset, dialect, root) in [(2, "vpsbg", "/v1/servers"), (3, "hostup", "/api/v2/domains")] {
        let base = format!("http://127.0.0.1:{}", port + offset);
        let mut client = BearerClient::new(&base, &token(dialect, &[])).unwrap();
        assert_eq!(client.get(root).unwrap().0, 200, "{dialect}");
        for (key, status) in [
            ("nobodys".to_owned(), 401),
            (token(if dialect == "vpsbg" { "hostup" } else { "vpsbg" }, &[]), 401),
            (token(dialect, &["--allow-ip", "203.0.113.0/24"]), 403),
            (token(dialect, &["--allow-ip", "127.0.0.0/8"]), 200),
        ] {
            assert_eq!(client.with_key(&key).unwrap().get(root).unwrap().0, status, "{dialect}");
        }
        assert_eq!(client.get(root).unwrap().0, 200, "{dialect}");
        let limited = client.call("GET", root, &[], "").unwrap();
        assert_eq!(limited.status, 429, "{dialect}: {}", limited.text());
        assert!(limited.header("Retry-After").is_some(), "{dialect}");
    }
    let mut reader =
        BearerClient::new(&format!("http://127.0.0.1:{}/v1", port + 2), &token("vpsbg", &["--read-only"])).unwrap();
    assert_eq!(reader.post("/servers/renew", &json!({})).unwrap().0, 403);
    assert!(server.stop().unwrap().success());
}
