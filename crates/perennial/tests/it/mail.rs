//! Notices as mails, through a real mail server.

use std::collections::BTreeSet;

use perennial_testkit::{MailServer, Server, http, process, sandbox};
use rusqlite::Connection;
use serde_json::Value;

use crate::serve::{config, start};
use crate::shop::{SHOP, Shop};

const KINDS: [&str; 11] = [
    "termination-requested",
    "expiring",
    "ending",
    "proposed",
    "method-ends",
    "paid",
    "not-paid",
    "expired",
    "suspended",
    "redemption",
    "terminated",
];

/// When notices were caused, in microseconds since 1970: in 2099, so that no test grows old.
const CAUSED: i64 = 4_070_908_800_000_000;

/// A shop whose notices go to a mail server.
struct World {
    shop: Shop,
    port: u16,
    server: Option<Server>,
}

impl World {
    /// A shop with an account that reads English, and one that reads German; not served yet.
    fn new() -> Self {
        let shop = Shop::empty();
        let german = "name = \"Müller & Söhne\"\nfacts = { language = \"de_DE\" }\n";
        let card = "\n[[methods]]\naccount = \"acme\"\nkind = \"card\"\nlabel = \"visa **** 4242\"\ndefault = true\n";
        let file = shop.write("shop.toml", &(SHOP.replace("name = \"Globex\"\n", german) + card));
        shop.run(&["import", &file]).done();
        shop.run(&["balance", "credit", "acme", "100", "--memo", "test"]).done();
        Self { shop, port: sandbox::free_ports().unwrap(), server: None }
    }

    /// Serves it, with more in `[mail]`.
    fn serve(&mut self, mail: &str) {
        let mail = format!("[mail]\nfrom = \"Example Hosting <renewals@example.net>\"\n{mail}\n");
        let file = self.shop.write("perennial.toml", &(config(self.port) + &mail));
        self.server = Some(start(&self.shop, self.port, &file));
    }

    fn serve_with(&mut self, mails: &MailServer) {
        self.serve(&format!("smtp = \"smtp://127.0.0.1:{}\"", mails.port()));
    }

    /// Does to the ledger what nothing else can.
    fn sql(&self, statements: &str) {
        let connection = Connection::open(self.shop.database()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        connection.execute_batch(statements).unwrap();
    }

    /// Puts a notice into the outbox, as the schedule would.
    fn notify(&self, account: &str, kind: &str, [order, method]: [Option<i64>; 2]) {
        let service = if account == "acme" { 1001 } else { 1003 };
        let about_order = ["proposed", "method-ends", "paid", "not-paid"].contains(&kind);
        let number = |id: Option<i64>| id.map_or_else(|| "null".to_owned(), |id| id.to_string());
        let (order, method) = (number(order.filter(|_| about_order)), number(method.filter(|_| kind == "method-ends")));
        let (service, name) = if about_order {
            ("null".to_owned(), "null".to_owned())
        } else {
            (service.to_string(), format!("(select name from services where id = {service})"))
        };
        let until = if about_order {
            "'2099-01-31'".to_owned()
        } else {
            format!("(select until_date from services where id = {service})")
        };
        self.sql(&format!(
            "insert into notices (account_id, kind, service_id, name, order_id, method_id, token, until_date, on_date, reason,
                 caused_at)
             values ((select id from accounts where code = '{account}'), '{kind}', {service}, {name}, {order}, {method},
                 'the-token', {until}, '2099-01-24', 'insufficient-funds', {CAUSED})"
        ));
    }

    fn expiring(&self, account: &str) {
        self.notify(account, "expiring", [None; 2]);
    }

    /// Lets what waits be tried at once.
    fn hurry(&self) {
        self.sql("update notices set next_at = 0, claimed_by = null, claimed_until = null where sent_at is null");
    }

    /// How many tries had an outcome.
    fn counted(&self, outcome: &str) -> String {
        let metrics = http::get(&format!("http://127.0.0.1:{}/metrics", self.port)).unwrap().text();
        let line = format!("perennial_notices_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|told| told.strip_prefix(&line)).unwrap_or("0").to_owned()
    }

    fn wait_for(&self, outcome: &str, count: &str) {
        process::until(outcome, || Ok((self.counted(outcome) == count).then_some(()))).unwrap();
    }

    fn log(&self) -> String {
        self.server.as_ref().unwrap().log()
    }
}

fn readers(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| mail["readers"][0].as_str().unwrap()).collect()
}

#[test]
fn every_kind_of_notice_arrives_once_in_the_language_of_its_reader() {
    let mut world = World::new();
    let paid = world.shop.renew("acme", 1001);
    let next = world.shop.place("acme", 1001);
    let open = world.shop.place("globex", 1003);
    world.sql(&format!(
        "insert into payment_links (order_id, account_id, token, created_at, views)
         select id, account_id, 'the-link', placed_at, 0 from orders where id = {open}"
    ));
    for kind in KINDS {
        world.notify("acme", kind, [Some(if kind == "paid" { paid } else { next }), Some(1)]);
        if kind != "paid" && kind != "method-ends" {
            world.notify("globex", kind, [Some(open), None]);
        }
    }
    let mails = MailServer::up().unwrap();
    world.serve_with(&mails);
    let count = 2 * KINDS.len() - 2;
    let seen = mails.wait_for(count).unwrap();
    world.wait_for("left", &count.to_string());
    assert_eq!(mails.mails().unwrap().len(), count, "each leaves once");
    let ids: BTreeSet<_> = seen.iter().map(|mail| mail["id"].to_string()).collect();
    assert_eq!(ids.len(), count, "each has an id of its own");

    for mail in &seen {
        let header =
            |name: &str| mail["headers"].as_array().unwrap().iter().find(|it| it[0] == name).unwrap()[1].clone();
        assert_eq!(mail["sender"], "renewals@example.net");
        assert_eq!(header("From"), "Example Hosting <renewals@example.net>");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(mail["date"], "2099-01-01T00:00:00+00:00");
        let (subject, text) = (mail["subject"].as_str().unwrap(), mail["text"].as_str().unwrap());
        let html = mail["html"].as_str().unwrap();
        let is_german = mail["readers"][0] == "ap@globex.example.net";
        let [greeting, escaped] = if is_german {
            ["Guten Tag Müller & Söhne,\n\n", "<p>Guten Tag Müller &amp; Söhne,</p>"]
        } else {
            ["Hello ACME,\n\n", "<p>Hello ACME,</p>"]
        };
        assert!(text.starts_with(greeting) && text.contains("\n-- \nExample Hosting SARL\n"), "{subject}: {text}");
        assert!(
            html.contains(escaped)
                && html.contains(&format!("<html lang=\"{}\">", if is_german { "de" } else { "en" }))
        );
        assert_eq!(mail["attached"].as_array().unwrap().len(), usize::from(subject == format!("Order {paid} is paid")));
    }
    let find =
        |subject: &str| seen.iter().find(|mail| mail["subject"] == subject).unwrap_or_else(|| panic!("{subject}"));
    let expiring = find("vps2.example.net läuft am 2098-12-15 ab");
    let link = format!("http://127.0.0.1:{}/billing/pay/the-link", world.port);
    for form in ["text", "html"] {
        let written = expiring[form].as_str().unwrap().replace("&#x2f;", "/");
        assert!(written.contains(&link), "the order that waits can be paid: {expiring}");
    }
    let receipt = find(&format!("Order {paid} is paid"));
    assert_eq!(receipt["attached"][0]["name"], "invoice-fr00000001.pdf");
    assert_eq!(
        (&receipt["attached"][0]["type"], &receipt["attached"][0]["start"]),
        (&"application/pdf".into(), &"%PDF-".into())
    );
    let text = receipt["text"].as_str().unwrap();
    for said in [
        "from your balance",
        "Invoice FR00000001 is attached",
        "vps1.example.net",
        "VAT 20 %: 0.72 EUR",
        "Total: 4.31 EUR",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert!(
        find(&format!("visa **** 4242 ends before order {next} is paid"))["text"]
            .as_str()
            .unwrap()
            .contains("until 2099-01-31 only")
    );
    assert!(
        find("Please confirm: end vps1.example.net at its expiry")["text"]
            .as_str()
            .unwrap()
            .contains("\n\nthe-token\n\n")
    );
}

#[test]
fn a_server_that_was_down_gets_its_mails_later_and_once() {
    let mut world = World::new();
    let mut mails = MailServer::down().unwrap();
    world.serve_with(&mails);
    world.expiring("acme");
    world.expiring("globex");
    process::until("a word of it", || Ok(world.log().contains("notices wait").then_some(()))).unwrap();
    mails.start().unwrap();
    let seen = mails.wait_for(2).unwrap();
    assert_eq!(readers(&seen), ["billing@acme.example.net", "ap@globex.example.net"]);
    world.wait_for("left", "2");
    assert_eq!(mails.mails().unwrap().len(), 2);
    assert_eq!((world.counted("waits"), world.log().matches("notices wait").count()), ("0".to_owned(), 1));
}

#[test]
fn what_is_refused_holds_up_nobody_and_is_tried_again() {
    let mut world = World::new();
    let mails = MailServer::up().unwrap();
    mails.rule(&[("acme", "450"), ("acme", "451"), ("globex", "550"), ("globex", "554"), ("acme", "drop")]).unwrap();
    for account in ["acme", "globex", "acme", "globex", "globex"] {
        world.expiring(account);
    }
    world.serve_with(&mails);
    // The first, the third and the fourth wait, the second has no reader, the fifth leaves after a pause.
    assert_eq!(readers(&mails.wait_for(1).unwrap()), ["ap@globex.example.net"]);
    world.wait_for("left", "1");
    let counted = ["waits", "refused", "closed"].map(|outcome| world.counted(outcome));
    assert_eq!(counted, ["3", "1", "1"]);
    // Of the first nobody hears that it was taken.
    world.sql("update notices set next_at = 0 where id in (1, 3); update notices set next_at = 9e15 where id = 4");
    let seen = mails.wait_for(3).unwrap();
    world.wait_for("waits", "4");
    world.sql("update notices set next_at = 0 where id = 1 and sent_at is null");
    world.wait_for("left", "3");
    let again = mails.mails().unwrap();
    assert_eq!(again.len(), 4);
    assert!(again[3]["id"] == seen[1]["id"] || again[3]["id"] == seen[2]["id"], "a repeat has the same id");
    assert_eq!(again.iter().map(|mail| mail["id"].to_string()).collect::<BTreeSet<_>>().len(), 3);

    world.sql("update accounts set email = 'a@b.example' || char(10) || 'Bcc: evil@example.net' where code = 'acme'");
    world.expiring("acme");
    world.wait_for("refused", "2");
    world.expiring("globex");
    assert_eq!(readers(&mails.wait_for(5).unwrap())[4], "ap@globex.example.net");
    assert_eq!(world.log().matches("has no reader").count(), 2, "each is told once");
}

#[test]
fn what_does_not_hold_any_more_is_told_to_nobody() {
    let mut world = World::new();
    let paid = world.shop.renew("acme", 1001);
    let open = world.shop.place("globex", 1003);
    // Each kind, of a service that was renewed since, or of an order that was paid; and what happened long ago.
    let late =
        |change: &str| world.sql(&format!("update notices set {change} where id = (select max(id) from notices)"));
    for kind in ["expiring", "ending", "expired", "suspended", "redemption"] {
        world.notify("acme", kind, [None; 2]);
        late("until_date = '2099-01-31'");
    }
    for kind in ["proposed", "method-ends", "not-paid"] {
        world.notify("acme", kind, [Some(paid), Some(1)]);
    }
    for kind in ["termination-requested", "paid", "terminated"] {
        world.notify("acme", kind, [Some(paid), None]);
        late("caused_at = 1600000000000000");
    }
    // The day that is told has passed.
    for kind in ["expired", "suspended", "redemption", "proposed", "not-paid"] {
        world.notify("globex", kind, [Some(open), None]);
        late("on_date = '2026-01-31'");
    }
    world.expiring("globex");
    let mails = MailServer::up().unwrap();
    world.serve_with(&mails);
    world.wait_for("left", "1");
    assert_eq!(world.counted("stale"), "16");
    assert_eq!(readers(&mails.mails().unwrap()), ["ap@globex.example.net"]);
    let waiting = Connection::open(world.shop.database()).unwrap().query_row(
        "select count(*) from notices where sent_at is null",
        [],
        |row| row.get::<_, i64>(0),
    );
    assert_eq!(waiting.unwrap(), 0, "it is done with");
}

#[test]
fn killed_before_it_could_note_that_a_mail_left_it_sends_the_same_mail_again() {
    let mut world = World::new();
    let mails = MailServer::up().unwrap();
    mails.rule(&[("acme", "hang")]).unwrap();
    world.expiring("acme");
    world.serve_with(&mails);
    mails.wait_for(1).unwrap();
    world.server.as_mut().unwrap().kill_hard().unwrap();
    world.hurry();
    world.serve_with(&mails);
    world.wait_for("left", "1");
    let seen = mails.mails().unwrap();
    assert_eq!(seen.len(), 2);
    for part in ["id", "date", "subject", "text", "html", "readers"] {
        assert_eq!(seen[0][part], seen[1][part], "it is the same mail");
    }
}

#[test]
fn a_server_elsewhere_is_spoken_to_in_secret_and_gets_the_password() {
    let mut world = World::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = world.shop.write("mail.pem", &made.cert.pem());
    let key = world.shop.write("mail.key", &made.signing_key.serialize_pem());
    let mails = MailServer::secure(certificate.as_ref(), key.as_ref()).unwrap();
    let server = format!("smtp = \"smtps://shop@localhost:{}\"\nca_file = \"mail.pem\"\n", mails.port());
    world.expiring("acme");
    let mail = format!("{server}password_command = [\"cat\", \"{}\"]", world.shop.write("password", "wrong-hunter"));
    world.serve(&mail);
    process::until("a word of it", || Ok(world.log().contains("notices wait").then_some(()))).unwrap();
    assert!(!world.log().contains("wrong-hunter"));
    assert_eq!(mails.mails().unwrap().len(), 0);
    world.server.as_mut().unwrap().stop().unwrap();
    world.hurry();
    world.shop.write("password", "hunter2");
    world.serve(&mail);
    assert_eq!(mails.wait_for(1).unwrap()[0]["subject"], "vps1.example.net expires on 2099-01-31");
}

#[test]
fn a_template_that_is_wrong_stops_the_start_with_file_and_line() {
    let shop = Shop::empty();
    std::fs::create_dir_all(shop.path("texts/de")).unwrap();
    let mail = "[mail]\nfrom = \"a@example.net\"\nsmtp = \"smtp://127.0.0.1:1\"\ntemplates = \"texts\"\n";
    let file = shop.write("perennial.toml", &(config(8400) + mail));
    let check = || shop.run(&["serve", "--check", "--config", &file]);
    shop.write("texts/de/paid.txt", "Subject: {{ order.number }}\n\n{{ order.gross }}\n");
    check().done();
    shop.write("texts/de/paid.txt", "Subject: {{ order.number }}\n\n{{ ordre.gross }}\n");
    check().failed(1, "texts/de/paid.txt, line 3: undefined value");
}
