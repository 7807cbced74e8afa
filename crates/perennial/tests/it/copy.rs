//! `perennial copy` and `perennial migrate`: a ledger moves from its file to a database, and back.

use std::process::Command;
use std::thread;

use perennial_store::sqlite::SqliteStore;
use perennial_testkit::{Cluster, process};
use serde_json::{Value, json};

use crate::shop::{Run, SHOP, Shop};

fn cluster() -> &'static Cluster {
    Cluster::shared().unwrap()
}

/// What a database answers, asked with PostgreSQL's own client.
fn sql(url: &str, text: &str) -> String {
    cluster().sql(url.rsplit('/').next().unwrap(), text).unwrap().trim().to_owned()
}

const TABLES: &str = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";

/// A run on another ledger than the shop's.
fn command(shop: &Shop, ledger: &str, args: &[&str]) -> Command {
    let mut command = shop.command(args);
    command.env("PERENNIAL_DATABASE", ledger).env_remove("PGPASSWORD");
    command
}

fn run(shop: &Shop, ledger: &str, args: &[&str]) -> Run {
    Run::of(&command(shop, ledger, args).output().unwrap())
}

fn json(shop: &Shop, ledger: &str, args: &[&str]) -> Vec<Value> {
    let run = run(shop, ledger, &[&["--json"], args].concat()).done();
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a person sees of a ledger.
fn seen(shop: &Shop, ledger: &str) -> Vec<Vec<Value>> {
    let commands: [&[&str]; 5] =
        [&["account", "list"], &["service", "list"], &["order", "list"], &["balance", "show", "acme"], &["audit"]];
    commands.iter().map(|args| json(shop, ledger, args)).collect()
}

#[test]
fn a_ledger_moves_to_a_database_and_back() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "50", "--memo", "a start"]).done();
    let first = shop.renew("acme", 1001);
    shop.place("acme", 1002);
    let (file, url) = (shop.path("shop.db"), cluster().database().unwrap());

    let moved = shop.run(&["copy", "--from", &file, "--to", &url]).done();
    insta::assert_snapshot!(moved.stdout, @"
    TABLE           ROWS
    seller             1
    catalogue          1
    access             1
    accounts           2
    products           2
    product_prices     3
    promos             0
    orders             2
    services           3
    service_prices     0
    order_lines        2
    coupons            0
    methods            0
    charges            0
    payments           1
    extensions         1
    invoices           1
    transfers          3
    payment_links      0
    jobs               0
    replays            0
    applications       0
    credentials        0
    nonces             0
    terminations       0
    notices            0
    webhooks           0
    events             0
    deliveries         0
    stages             0
    schedule           0
    holdings           0
    syncs              0
    intents            0
    intent_notes       0
    ");
    let stderr = moved.stderr.replace(&file, "shop.db").replace(&url, "postgres://NEW");
    insta::assert_snapshot!(stderr, @"
    copied 23 rows from shop.db to postgres://NEW, and read all of them back
    the books are sound
    hint: from now on serve the copy alone, and put the source away
    ");
    assert_eq!(seen(&shop, &url), seen(&shop, &file));
    run(&shop, &url, &["balance", "credit", "acme", "5", "--memo", "in the database"]).done();

    let back = format!("sqlite:{}", shop.path("back.db"));
    let documents = json(&shop, "none.db", &["copy", "--from", &url.replace("postgres", "POSTGRES"), "--to", &back]);
    let [document] = documents.try_into().unwrap();
    assert_eq!((&document["rows"], &document["tables"]["transfers"]), (&json!(24), &json!(4)));
    assert_eq!(document["sound"], true);
    assert_eq!(seen(&shop, &back), seen(&shop, &url));
    std::fs::rename(shop.path("back.db"), shop.database()).unwrap();
    assert_eq!(shop.renew("acme", 1001), first + 2, "the next order");
    shop.run(&["audit"]).done();
}

#[test]
fn what_cannot_be_copied_is_told_with_a_hint() {
    let shop = Shop::open();
    let url = cluster().database().unwrap();
    let (file, missing, copied) = (shop.path("shop.db"), shop.path("none.db"), shop.path("copied.db"));
    let hidden = url.replace("perennial@", "perennial:hush@");
    let refused = |args: &[&str], code, whys: [&str; 2]| {
        let run = shop.run(&[&["copy"], args].concat()).failed(code, whys[0]);
        assert!(run.stderr.contains(whys[1]) && !run.stderr.contains("hush"), "{run:?}");
    };
    refused(&["--from", &file, "--to", &hidden], 2, ["`--to` has a password", "hint: set PERENNIAL_TO"]);
    refused(&["--from", &hidden, "--to", &copied], 2, ["`--from` has a password", "hint: set PERENNIAL_FROM"]);
    refused(
        &["--from", "host=127.0.0.1 password=hush", "--to", &copied],
        2,
        ["`--from <PATH|URL>`: this is how PostgreSQL's own programs write it", "postgres://USER@HOST:PORT/NAME"],
    );
    refused(&["--from", &missing, "--to", &copied], 1, ["there is no database at", "none.db"]);
    refused(&["--from", &file, "--to", &format!("sqlite:{file}")], 1, ["the source and the target", "a new file"]);
    refused(&["--from", &url, "--to", &copied], 1, ["lacks migration 1", "hint: `perennial migrate`"]);
    let store = SqliteStore::open(&shop.database()).unwrap();
    refused(&["--from", &file, "--to", &url], 1, ["in use by somebody else", "hint: stop every `perennial serve`"]);
    drop(store);
    assert_eq!(sql(&url, TABLES), "0");
    assert!(!std::path::Path::new(&copied).exists());

    // A password in the environment is seen by nobody else.
    let mut copy = shop.command(&["copy", "--from", &file]);
    let run = Run::of(&copy.env("PERENNIAL_TO", &hidden).output().unwrap()).done();
    assert!(run.stderr.contains("perennial:***@") && !run.stderr.contains("hush"), "{run:?}");
    refused(
        &["--from", &file, "--to", &url],
        1,
        ["is not empty: there are rows in `seller`", "hint: copy to a new file"],
    );
}

#[test]
fn a_copy_that_is_killed_leaves_an_empty_ledger() {
    let shop = Shop::open();
    let (file, url) = (shop.path("shop.db"), cluster().database().unwrap());
    run(&shop, &url, &["migrate"]).done();
    let until = |what, text| process::until(what, || Ok((sql(&url, text) == "1").then_some(()))).unwrap();
    thread::scope(|scope| {
        // The copy has to wait in the middle, with some of its tables filled.
        let name = url.rsplit('/').next().unwrap();
        let lock = "begin; lock table product_prices in share mode; select pg_sleep(60)";
        let held = scope.spawn(|| cluster().sql(name, lock));
        until(
            "the lock",
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
        );
        let mut child = shop.command(&["copy", "--from", &file, "--to", &url]).spawn().unwrap();
        until("the copy", "select count(*) from pg_locks where relation = 'product_prices'::regclass and not granted");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it was killed in the middle");
        let release = "select pg_cancel_backend(pid) from pg_stat_activity
             where datname = current_database() and wait_event = 'PgSleep'";
        assert_eq!(sql(&url, release), "t");
        assert!(held.join().unwrap().is_err());
    });
    let checked = &json(&shop, &url, &["audit"])[0]["checked"];
    assert!(checked.as_object().unwrap().values().all(|rows| *rows == 0), "{checked}");
    shop.run(&["copy", "--from", &file, "--to", &url]).done();
    assert_eq!(sql(&url, "select count(*) from product_prices"), "3");
}

#[test]
fn tables_are_made_when_they_are_asked_for() {
    let shop = Shop::empty();
    let (file, url) = (shop.path("shop.db"), cluster().database().unwrap());
    let names = ["ledger", "buyer", "schedule", "webhooks", "charges", "alignment", "turns"];
    let steps: Value = (1..).zip(names).map(|(number, name)| json!({ "number": number, "name": name })).collect();
    let lines = |what: &str| {
        let lines: Vec<_> = (1..).zip(names).map(|(number, name)| format!("{what} {number:04} {name}\n")).collect();
        lines.concat()
    };
    for ledger in [&file, &url] {
        let check = run(&shop, ledger, &["migrate", "--check"]);
        assert_eq!((check.code, check.stdout.as_str()), (1, lines("missing").as_str()), "{check:?}");
        assert!(check.stderr.contains("hint: `perennial migrate`"), "{check:?}");
        let check = run(&shop, ledger, &["migrate", "--check", "--json"]);
        let document: Value = serde_json::from_str(&check.stdout).unwrap();
        assert_eq!((check.code, document), (1, json!({ "up_to_date": false, "applied": [], "missing": steps })));
        assert!(!std::path::Path::new(&file).exists() || ledger == &url);
        assert_eq!(sql(&url, TABLES), "0", "a check makes nothing");

        let made = run(&shop, ledger, &["migrate"]).done();
        assert_eq!(made.stdout, lines("applied"));
        assert_eq!(made.stderr, format!("{ledger} is up to date\n"));
        let again = json(&shop, ledger, &["migrate"]);
        assert_eq!(again, [json!({ "up_to_date": true, "applied": [], "missing": [] })]);
        assert_eq!(run(&shop, ledger, &["migrate", "--check"]).done().stdout, "");
        run(&shop, ledger, &["audit"]).done();
    }
    let other = shop.write("other.db", "no database at all, but long enough to have a header of its own");
    run(&shop, &other, &["migrate"]).failed(1, "not a database");
}

#[test]
fn an_import_that_writes_nothing_makes_no_tables() {
    let shop = Shop::empty();
    let url = cluster().database().unwrap();
    let (good, wrong) = (shop.write("shop.toml", SHOP), shop.write("wrong.toml", "[[accounts]]\ncode = 1\n"));
    let dry = json(&shop, &url, &["import", "--dry-run", &good]);
    assert_eq!(dry[0]["tables"]["services"], json!({ "created": 3, "updated": 0, "unchanged": 0 }));
    run(&shop, &url, &["import", &wrong]).failed(1, "5 problems, so nothing was written");
    assert_eq!(sql(&url, TABLES), "0");
    run(&shop, &url, &["import", &good]).done();
    assert_eq!(sql(&url, "select count(*) from services"), "3");
}
