//! The ledger in PostgreSQL: every command on it, and several processes that serve it at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use perennial_testkit::{Cluster, Env, OvhClient, process, sandbox};
use serde_json::{Value, json};

use crate::serve::config;
use crate::shop::{Run, SHOP, Shop};

/// What one month of a service costs the account `acme`, in cents.
const MONTH: usize = 431;

/// A shop whose ledger is in a PostgreSQL database.
struct World {
    shop: Shop,
    url: String,
}

impl World {
    /// A database with nothing in it.
    fn empty() -> Self {
        Self { shop: Shop::empty(), url: Cluster::shared().unwrap().database().unwrap() }
    }

    /// A database with the shop imported.
    fn open() -> Self {
        let world = Self::empty();
        let file = world.shop.write("shop.toml", SHOP);
        world.run(&["import", &file]).done();
        world
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.shop.command(args);
        command.env("PERENNIAL_DATABASE", &self.url).env_remove("PGPASSWORD");
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let run = self.run(&[&["--json"], args].concat()).done();
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn document(&self, args: &[&str]) -> Value {
        let [document] = self.json(args).try_into().unwrap();
        document
    }

    /// Keys for `acme` that may do everything, as an environment without an endpoint.
    fn keys(&self) -> Env {
        let issue = ["key", "issue", "--account", "acme", "--dialect", "ovh"];
        let application = self.document(&issue);
        let text = |document: &Value, name: &str| document[name].as_str().unwrap().to_owned();
        let key = text(&application, "application_key");
        let rules = ["--kind", "consumer", "--application", &key, "--rule", "GET /*", "--rule", "POST /*"];
        let consumer = self.document(&[issue.as_slice(), &rules].concat());
        Env::from([
            ("OVH_APPLICATION_SECRET".to_owned(), text(&application, "application_secret")),
            ("OVH_CONSUMER_KEY".to_owned(), text(&consumer, "consumer_key")),
            ("OVH_APPLICATION_KEY".to_owned(), key),
        ])
    }

    /// Starts a process that serves the ledger, by its URL in the configuration.
    fn serve(&self) -> Node {
        let mut node = self.launch();
        node.wait();
        node
    }

    fn launch(&self) -> Node {
        let port = sandbox::free_ports().unwrap();
        let written = config(port).replace("path = \"shop.db\"", &format!("url = \"{}\"", self.url));
        assert!(written.contains(&self.url), "{written}");
        let file = self.shop.write(&format!("{port}.toml"), &written);
        let log = self.shop.path(&format!("{port}.log"));
        let mut command = self.command(&["serve", "--config", &file]);
        command.env_remove("PERENNIAL_DATABASE").stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Node { child: command.spawn().unwrap(), port, log, killed: AtomicBool::new(false) }
    }
}

/// A process that serves the ledger; killed when dropped.
struct Node {
    child: Child,
    port: u16,
    log: String,
    /// Whether it is no failure that nobody answers.
    killed: AtomicBool,
}

impl Node {
    fn wait(&mut self) {
        let ready = process::wait_until_ready(&mut self.child, &format!("http://127.0.0.1:{}/readyz", self.port));
        ready.unwrap_or_else(|error| panic!("{error:#}\n{}", self.log()));
    }

    fn client(&self, keys: &Env) -> OvhClient {
        let endpoint = ("OVH_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}/1.0", self.port + 1));
        OvhClient::from_env(&keys.clone().into_iter().chain([endpoint]).collect()).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, and waits.
    fn stop(&mut self) {
        process::ask_to_end(&self.child).unwrap();
        let status = process::wait_for_end(&mut self.child).unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("a server wrote:\n{}", self.log());
        }
    }
}

#[test]
fn every_command_works_on_it() {
    let world = World::open();
    let file = world.shop.path("shop.toml");
    let tables = &world.document(&["import", &file])["tables"];
    let changed = |tally: &Value| tally["created"] != 0 || tally["updated"] != 0;
    assert!(tables.as_object().unwrap().values().all(|tally| !changed(tally)), "nothing is new: {tables}");
    let more = world.shop.write("more.toml", &service(2_000));
    assert_eq!(world.document(&["import", "--dry-run", &more])["tables"]["services"]["created"], 1);

    assert_eq!(world.json(&["account", "list"]).len(), 2);
    assert_eq!(world.json(&["service", "list"]).len(), 3, "a dry run writes nothing");
    assert_eq!(world.document(&["service", "show", "vps1.example.net"])["until"], "2099-01-31");
    world.run(&["balance", "credit", "acme", "25", "--memo", "a start"]).done();
    assert_eq!(world.document(&["balance", "show", "acme"])["balance"]["amount"], "25.00");
    let keys = world.keys();
    let mut node = world.serve();
    let mut client = node.client(&keys);
    let order = renew(&mut client, 1001, "once").unwrap();
    assert_eq!(pay(&mut client, order).unwrap(), 200);
    assert_eq!(world.document(&["order", "show", &order.to_string()])["payment"]["amount"]["amount"], "4.31");
    assert_eq!(world.document(&["service", "show", "vps1.example.net"])["until"], "2099-02-28");
    world.run(&["order", "credit", &order.to_string(), "--yes"]).done();
    let listed = world.json(&["key", "list"]);
    let consumer = listed.iter().find(|key| key["kind"] == "consumer").unwrap()["id"].as_str().unwrap().to_owned();
    world.run(&["key", "revoke", &consumer, "--yes"]).done();
    assert_eq!(client.get("/me").unwrap().0, 403, "a revoked key ends at once");
    node.stop();
    world.run(&["audit"]).done();

    let copy = world.shop.path("copy.db");
    world.run(&["backup", &copy]).failed(1, "hint: `pg_dump`");
    assert!(!std::path::Path::new(&copy).exists());
    assert!(!world.shop.database().exists(), "nothing of it is in a file");
}

#[test]
fn two_that_start_at_once_on_an_empty_database_make_one_ledger() {
    let world = World::empty();
    let mut nodes = [world.launch(), world.launch()];
    for node in &mut nodes {
        node.wait();
    }
    let file = world.shop.write("shop.toml", SHOP);
    world.run(&["import", &file]).done();
    let keys = world.keys();
    for node in &mut nodes {
        assert_eq!(node.client(&keys).get("/service").unwrap().0, 200, "what another process wrote is seen");
        node.stop();
    }
}

/// How many services the clients renew, all of them the same ones.
const SERVICES: i64 = 10;

/// Clients on each of the two processes.
const CLIENTS: usize = 3;

/// Payments that are answered before one process is killed, and after.
const BURST: usize = 60;

/// What clients were told.
#[derive(Default)]
struct Told {
    /// Orders, by the key that they were asked for with.
    placed: BTreeMap<String, i64>,
    paid: BTreeSet<i64>,
}

#[test]
fn two_processes_renew_each_service_once_a_term_and_one_that_is_killed_loses_nothing() {
    let world = World::open();
    let file = world.shop.write("many.toml", &(0..SERVICES).map(|number| service(2_000 + number)).collect::<String>());
    world.run(&["import", &file]).done();
    world.run(&["balance", "credit", "acme", "100000", "--memo", "a start"]).done();
    let keys = world.keys();
    let mut nodes = [world.serve(), world.serve()];
    let (told, over) = (Mutex::new(Told::default()), AtomicBool::new(false));
    let paid = |count: usize| {
        let enough = || Ok((told.lock().unwrap().paid.len() >= count || over.load(Ordering::SeqCst)).then_some(()));
        process::until("the burst", enough).unwrap();
    };
    let process = nodes[1].child.id().to_string();
    thread::scope(|scope| {
        for node in &nodes {
            for _ in 0..CLIENTS {
                scope.spawn(|| renew_all(node, &keys, &told, &over));
            }
        }
        paid(BURST);
        nodes[1].killed.store(true, Ordering::SeqCst);
        let killed = Command::new("sh").args(["-c", &format!("kill -KILL {process}")]).status().unwrap();
        assert!(killed.success(), "{killed}");
        let so_far = told.lock().unwrap().paid.len();
        paid(so_far + BURST);
        over.store(true, Ordering::SeqCst);
    });
    assert!(!process::wait_for_end(&mut nodes[1].child).unwrap().success());
    let told = told.into_inner().unwrap();
    check(&world, &mut nodes[0].client(&keys), &told);

    let mut third = world.serve();
    let mut client = third.client(&keys);
    let order = renew(&mut client, 2_000, "after").unwrap();
    assert_eq!(renew(&mut nodes[0].client(&keys), 2_000, "after"), Some(order), "a key means one request everywhere");
    pay(&mut client, order).unwrap();
    check(&world, &mut client, &told);
    third.stop();
    nodes[0].stop();
}

/// Renews the same services again and again, as all others do, each round with a key for each service that they share.
fn renew_all(node: &Node, keys: &Env, told: &Mutex<Told>, over: &AtomicBool) {
    // Whoever fails has the others end.
    let _ends = Ends(over);
    let mut client = node.client(keys);
    let time = client.server_time().unwrap();
    client = client.at(time);
    for round in 0.. {
        for service in 2_000..2_000 + SERVICES {
            if over.load(Ordering::SeqCst) {
                return;
            }
            let key = format!("{round}-{service}");
            let Some(order) = renew(&mut client, service, &key) else { return check_killed(node) };
            let before = *told.lock().unwrap().placed.entry(key.clone()).or_insert(order);
            assert_eq!(before, order, "{key} means one request");
            match pay(&mut client, order) {
                Some(200) => drop(told.lock().unwrap().paid.insert(order)),
                // Another client was first.
                Some(status) => assert!((400..500).contains(&status), "order {order}: {status}"),
                None => return check_killed(node),
            }
        }
    }
}

/// Says that it is over when a client panics.
struct Ends<'a>(&'a AtomicBool);

/// Nobody answers any more, which is right where the process was killed.
fn check_killed(node: &Node) {
    assert!(node.killed.load(Ordering::SeqCst), "a process that was not killed does not answer");
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

/// Orders a month; tells the order's number, or nothing if nobody answers.
fn renew(client: &mut OvhClient, service: i64, key: &str) -> Option<i64> {
    let body = json!({ "duration": "P1M", "services": [service], "dryRun": false }).to_string();
    let path = format!("/service/{service}/renew");
    let answer = client.call_with("POST", &path, &[("Idempotency-Key", key)], &body).ok()?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Some(answer.json().unwrap()["orderId"].as_i64().unwrap())
}

/// Pays an order from the balance; tells the status, or nothing if nobody answers.
fn pay(client: &mut OvhClient, order: i64) -> Option<u16> {
    let with = json!({ "paymentMean": "ovhAccount" });
    Some(client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), &with).ok()?.0)
}

/// Checks that the ledger holds what was told, that each term was sold once, and that numbers and money add up.
fn check(world: &World, client: &mut OvhClient, told: &Told) {
    let orders = world.json(&["order", "list"]);
    let ids: BTreeSet<_> = orders.iter().map(|order| order["id"].as_i64().unwrap()).collect();
    let sold: Vec<_> = orders.iter().filter(|order| order["state"] == "fulfilled").collect();
    let paid: BTreeSet<_> = sold.iter().map(|order| order["id"].as_i64().unwrap()).collect();
    let placed: BTreeSet<_> = told.placed.values().copied().collect();
    assert_eq!(placed.difference(&ids).collect::<Vec<_>>(), Vec::<&i64>::new(), "orders that were answered are there");
    assert_eq!(told.paid.difference(&paid).collect::<Vec<_>>(), Vec::<&i64>::new(), "payments that were answered are");

    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    let mut terms: BTreeMap<i64, BTreeMap<String, String>> = BTreeMap::new();
    for line in sold.iter().flat_map(|order| order["lines"].as_array().unwrap()) {
        let of_service = terms.entry(line["service"].as_i64().unwrap()).or_default();
        let twice = of_service.insert(text(line, "from"), text(line, "until"));
        assert_eq!(twice, None, "each term is sold once: {line}");
    }
    let until: BTreeMap<_, _> =
        world.json(&["service", "list"]).iter().map(|row| (row["id"].as_i64().unwrap(), text(row, "until"))).collect();
    for (service, terms) in &terms {
        let mut end = "2099-01-31".to_owned();
        for (from, until) in terms {
            assert_eq!(*from, end, "terms of {service} follow each other");
            end.clone_from(until);
        }
        assert_eq!(until[service], end, "{service} is extended by what was sold, and by nothing else");
    }

    let (status, bills) = client.get("/me/bill").unwrap();
    let bills: BTreeSet<_> = bills.as_array().unwrap().iter().map(|bill| bill.as_str().unwrap().to_owned()).collect();
    let numbers = (1..=sold.len()).map(|number| format!("FR{number:08}"));
    assert_eq!((status, bills), (200, numbers.collect()), "an invoice an order, and no gap");
    let left = 10_000_000 - sold.len() * MONTH;
    let balance = &world.document(&["balance", "show", "acme"])["balance"]["amount"];
    assert_eq!(balance, &format!("{}.{:02}", left / 100, left % 100), "each was paid once");
    world.run(&["audit"]).done();
}

/// A service of the account `acme`.
fn service(id: i64) -> String {
    format!(
        "[[services]]\nid = {id}\nname = \"vps{id}.example.net\"\naccount = \"acme\"\nproduct = \"vps\"\n\
         created = 2026-01-31\nuntil = 2099-01-31\nperiod = \"P1M\"\n"
    )
}

#[test]
fn what_is_wrong_with_it_is_told_with_a_hint_and_without_a_password() {
    let cluster = Cluster::start().unwrap();
    let world = World { shop: Shop::empty(), url: cluster.url("postgres") };
    cluster.sql("postgres", "create role seller login password 'hush&hush'").unwrap();
    cluster.sql("postgres", "create database sold owner seller").unwrap();
    cluster.sql("postgres", "create database others").unwrap();
    let trusted = "host all perennial 127.0.0.1/32 trust\n";
    let asked = "host all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(cluster.folder().join("data/pg_hba.conf"), [trusted, asked].concat()).unwrap();
    cluster.restart().unwrap();
    let file = world.shop.write("shop.toml", SHOP);
    let of = |user: &str, database: &str| cluster.url(database).replace("perennial@", &format!("{user}@"));
    let run = |url: &str, password: &str, args: &[&str]| {
        let mut command = world.command(args);
        command.env("PERENNIAL_DATABASE", url).env("PGPASSWORD", password);
        let run = Run::of(&command.output().unwrap());
        assert!(!run.stdout.contains("hush") && !run.stderr.contains("hush"), "{run:?}");
        run
    };
    let import = ["import", &file];
    let open = ["account", "list"];
    let port = cluster.url("").rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let nobody = of("seller:hush", "sold").replace(&port, "1");
    for (url, password, args, said) in [
        (cluster.url("none"), "", &open[..], ["SQLSTATE 3D000", "hint: `createdb` makes one"]),
        (nobody, "", &open, ["seller:***@127.0.0.1:1/sold", "hint: is PostgreSQL running there?"]),
        (of("nobody", "sold"), "hush", &open, ["SQLSTATE 28P01", "hint: the user is in the URL"]),
        (of("seller", "sold"), "", &open, ["password missing", "the password in PGPASSWORD"]),
        (of("seller", "sold"), "hush", &open, ["SQLSTATE 28P01", "the password in PGPASSWORD"]),
        (of("seller:hush", "sold"), "", &open, ["seller:***@127.0.0.1", "the password in PGPASSWORD"]),
        (of("seller", "others"), "hush&hush", &import, ["SQLSTATE 42501", "hint: the ledger's database belongs to"]),
        (of("seller", "sold"), "hush&hush", &open, ["lacks migration 1", "hint: start `perennial serve` once"]),
    ] {
        let run = run(&url, password, args).failed(1, said[0]);
        assert!(run.stderr.contains(said[1]), "{said:?} is not in {}", run.stderr);
    }
    run(&of("seller", "sold"), "hush&hush", &import).done();
    let with_password = of("seller:hush%26hush", "sold");
    run(&with_password, "", &open).done();

    // Whoever lists the processes must not see it, nor whoever looks over a shoulder.
    run("none.db", "", &["account", "list", "--database", &with_password]).failed(2, "the list of processes");
    run("none.db", "hush&hush", &["--database", &of("seller", "sold"), "account", "list"]).done();
    assert!(run(&with_password, "", &["account", "list", "--help"]).done().stdout.contains("PERENNIAL_DATABASE"));
    let served = World { url: with_password, ..world };
    let mut node = served.serve();
    node.stop();
    let log = node.log();
    assert!(log.contains("ledger at postgres://seller:***@127.0.0.1") && !log.contains("hush"), "{log}");
    let wrong = format!("[store]\nurl = \"{}\"\nuri = 1\n[ovh] = \"{}\"\n", served.url, served.url);
    let config = served.shop.write("wrong.toml", &wrong);
    let wrong = served.run(&["serve", "--check", "--config", &config]).failed(1, "TOML parse error");
    assert!(!wrong.stderr.contains("hush"), "{}", wrong.stderr);
}
