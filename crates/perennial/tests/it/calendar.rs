//! The calendar feed, read by a calendar library of others, and whom it opens to.

use std::process::Command;

use perennial_testkit::{OvhClient, Sandbox, clients, http};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// A sandbox, and the calendar of one of its accounts.
struct World {
    sandbox: Sandbox,
    key: String,
    url: String,
}

impl World {
    fn start() -> Self {
        let sandbox = Sandbox::options(BINARY).now("2026-11-22T12:00:00Z").start().unwrap();
        let issued =
            perennial(&sandbox, &["key", "issue", "--account", "xx11111-ovh", "--dialect", "calendar", "--json"]);
        let issued: Value = serde_json::from_str(&issued).unwrap();
        let path = issued["address"].as_str().unwrap();
        assert_eq!(
            path,
            format!("/calendar/{}.ics", issued["token"].as_str().unwrap()),
            "where the pages are is not told"
        );
        let url = format!("{}{path}", sandbox.pages());
        Self { sandbox, key: issued["id"].as_str().unwrap().to_owned(), url }
    }

    /// The feed as a library reads it.
    fn feed(&self) -> Value {
        let env = [("CALENDAR_URL".to_owned(), self.url.clone())].into();
        clients::python("calendar_feed.py", &env).unwrap()
    }
}

fn perennial(sandbox: &Sandbox, args: &[&str]) -> String {
    let output =
        Command::new(BINARY).arg("--database").arg(sandbox.data().join("perennial.db")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_calendar_library_reads_each_expiry_of_the_account_and_what_becomes_of_it() {
    let world = World::start();
    let feed = world.feed();
    assert_eq!(feed["name"], "Expiries of xx11111-ovh");
    assert!(feed["writer"].as_str().unwrap().starts_with("-//Perennial//"), "{feed}");
    insta::assert_json_snapshot!(feed["events"]);

    let mut client = OvhClient::from_env(&world.sandbox.env().unwrap()).unwrap();
    let body = json!({ "renew": { "automatic": false, "deleteAtExpiration": true, "forced": false, "period": 1 } });
    assert_eq!(client.put("/vps/vps112233.ovh.net/serviceInfos", &body).unwrap().0, 200);
    let events = world.feed()["events"].to_string();
    assert!(events.contains("vps112233.ovh.net ends"), "{events}");
}

#[test]
fn a_calendar_opens_to_its_secret_alone_until_it_is_revoked() {
    let world = World::start();
    let pages = world.sandbox.pages();
    let open = http::get(&world.url).unwrap();
    assert_eq!((open.status, open.header("Cache-Control")), (200, Some("no-store")));
    let token = world.sandbox.env().unwrap()["VPSBG_TOKEN"].clone();
    let others =
        [format!("{pages}/calendar/wrong.ics"), format!("{pages}/calendar/{token}.ics"), world.url.replace(".ics", "")];
    for url in others {
        assert_eq!(http::get(&url).unwrap().status, 404, "{url}");
    }
    perennial(&world.sandbox, &["key", "revoke", &world.key, "--yes"]);
    assert_eq!(http::get(&world.url).unwrap().status, 404);
}

#[test]
fn the_whole_address_is_told_where_the_configuration_has_that_of_the_pages() {
    let world = World::start();
    let file = world.sandbox.data().join("pages.toml");
    std::fs::write(&file, format!("[pages]\nlisten = \"127.0.0.1:1\"\npublic_url = \"{}/\"\n", world.sandbox.pages()))
        .unwrap();
    let issue =
        ["key", "issue", "--account", "xx11111-ovh", "--dialect", "calendar", "--config", file.to_str().unwrap()];
    let shown = perennial(&world.sandbox, &issue);
    let url = shown.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    assert_eq!(http::get(url).unwrap().status, 200, "{shown}");
}
