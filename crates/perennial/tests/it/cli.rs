//! The commands that look after the ledger, through the real binary.

use std::io::Write;
use std::process::Stdio;

use perennial_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::shop::{MASTER_KEY, Run, Shop};

/// The names of a document's fields.
pub fn fields(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Runs `perennial` with a text on stdin.
fn run_with_stdin(shop: &Shop, args: &[&str], text: &str) -> Run {
    let mut command = shop.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Run::of(&child.wait_with_output().unwrap())
}

/// Changes the ledger behind the back of the rules, with the guards of the schema away.
fn corrupt(shop: &Shop, statements: &str) {
    rusqlite::Connection::open(shop.database()).unwrap().execute_batch(statements).unwrap();
}

#[test]
fn services_are_listed_by_expiry_and_filtered() {
    let shop = Shop::open();
    insta::assert_snapshot!(shop.run(&["service", "list"]).done().stdout, @"
      ID  ACCOUNT  KIND    NAME              UNTIL       LIFE    MODE       RENEWABLE
    1003  globex   server  vps2.example.net  2098-12-15  active  manual     yes
    1001  acme     server  vps1.example.net  2099-01-31  active  automatic  yes
    1002  acme     addon   backup1           2099-01-31  active  manual     yes
    ");
    let names = |args: &[&str]| -> Vec<Value> {
        shop.json(&[&["service", "list"], args].concat()).into_iter().map(|line| line["name"].clone()).collect()
    };
    assert_eq!(names(&["--account", "globex"]), ["vps2.example.net"]);
    assert_eq!(names(&["--kind", "addon"]), ["backup1"]);
    assert_eq!(names(&["--expiring", "P200Y"]).len(), 3);
    assert_eq!(names(&["--expiring", "P30D"]), Vec::<Value>::new());
    let run = shop.run(&["service", "list", "--expiring", "P30D"]).done();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "there are no such services\n"));
}

#[test]
fn a_service_shows_its_life_its_gate_and_its_prices() {
    let shop = Shop::open();
    insta::assert_snapshot!(shop.run(&["service", "show", "vps1.example.net"]).done().stdout, @"
    id         1001
    name       vps1.example.net
    account    acme
    kind       server
    product    VPS SSD 1 (vps)
    since      2026-01-31
    until      2099-01-31
    life       active
    at expiry  automatic, for P1M
    renewable  yes
    facts      vcore 1
    price      3.59 EUR for P1M until 2099-02-28
    price      4.59 EUR for P1M until 2099-02-28, with backup1
    price      36.60 EUR for P1Y until 2100-01-31
    ");
    let document = shop.document(&["service", "show", "1002"]);
    insta::assert_json_snapshot!(document, @r#"
    {
      "account": "acme",
      "anchor_day": 31,
      "cancellation": null,
      "created": "2026-01-31",
      "display_name": null,
      "facts": {},
      "hold": "none",
      "id": 1002,
      "kind": "addon",
      "lifecycle": "active",
      "mode": "manual",
      "name": "backup1",
      "open_order": null,
      "parent": 1001,
      "period": "P1M",
      "product": "backup",
      "reason": null,
      "renewable": true,
      "strategies": [
        {
          "net": {
            "amount": "1.00",
            "currency": "EUR"
          },
          "period": "P1M",
          "services": [
            1002
          ]
        }
      ],
      "until": "2099-01-31"
    }
    "#);
    shop.run(&["service", "show", "vps1.exmaple.net"]).failed(1, "hint: did you mean `vps1.example.net`");
    shop.run(&["service", "show", "1001", "--account", "globex"]).failed(1, "there is no service `1001`");
}

#[test]
fn secrets_are_on_stdout_alone_whatever_is_logged() {
    let shop = Shop::open();
    let output = shop
        .command(&["--log-format", "json", "key", "issue", "--account", "acme", "--dialect", "ovh"])
        .env("PERENNIAL_LOG", "trace")
        .output()
        .unwrap();
    let run = Run::of(&output).done();
    let secret = run.stdout.split_whitespace().last().unwrap();
    assert!(secret.len() == 32 && !run.stderr.contains(secret) && !run.stderr.contains(MASTER_KEY), "{run:?}");

    let output = shop
        .command(&["key", "issue", "--account", "acme", "--dialect", "ovh"])
        .env_remove("PERENNIAL_MASTER_KEY")
        .output()
        .unwrap();
    Run::of(&output).failed(1, "hint: set PERENNIAL_MASTER_KEY");
}

#[test]
fn money_put_on_a_balance_is_shown_with_its_reason() {
    let shop = Shop::open();
    let run = shop.run(&["balance", "credit", "acme", "25", "--memo", "welcome"]).done();
    assert_eq!(run.stdout, "25.00 EUR put on the balance of acme, which is 25.00 EUR now\n");
    let credited = shop.document(&["balance", "credit", "acme", "0.50", "--memo", "more"]);
    assert_eq!(credited, json!({ "account": "acme", "balance": { "amount": "25.50", "currency": "EUR" } }));
    let mut shown = shop.document(&["balance", "show", "acme"]);
    shown["movements"].as_array_mut().unwrap().iter_mut().for_each(|movement| movement["booked"] = json!("then"));
    insta::assert_json_snapshot!(shown, @r#"
    {
      "account": "acme",
      "balance": {
        "amount": "25.50",
        "currency": "EUR"
      },
      "credit_limit": {
        "amount": "0.00",
        "currency": "EUR"
      },
      "movements": [
        {
          "amount": {
            "amount": "25.00",
            "currency": "EUR"
          },
          "booked": "then",
          "credit": "balance",
          "debit": "adjustment",
          "id": 1,
          "memo": "welcome",
          "order": null
        },
        {
          "amount": {
            "amount": "0.50",
            "currency": "EUR"
          },
          "booked": "then",
          "credit": "balance",
          "debit": "adjustment",
          "id": 2,
          "memo": "more",
          "order": null
        }
      ],
      "receivable": {
        "amount": "0.00",
        "currency": "EUR"
      }
    }
    "#);

    shop.run(&["balance", "credit", "acme", "-1", "--memo", "x"]).failed(1, "the amount must be above zero");
    shop.run(&["balance", "credit", "acme", "1.005", "--memo", "x"]).failed(2, "AMOUNT: `1.005` is not an amount");
    shop.run(&["balance", "credit", "amce", "1", "--memo", "x"]).failed(1, "hint: did you mean `acme`?");
    assert_eq!(shop.document(&["balance", "show", "acme"])["balance"]["amount"], "25.50");
}

#[test]
fn a_password_is_hashed_and_survives_an_import() {
    let shop = Shop::open();
    let set = ["account", "set-password", "acme", "--password-stdin"];
    run_with_stdin(&shop, &set, "too short\n").failed(1, "a password has 12 to 1024 characters, and this has 9");
    assert_eq!(shop.document(&["account", "show", "acme"])["has_password"], false);
    let run = run_with_stdin(&shop, &set, "correct horse battery\n").done();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "the password of acme is set\n"));
    shop.run(&["import", &shop.path("shop.toml")]).done();
    assert_eq!(shop.document(&["account", "show", "acme"])["has_password"], true);
    let hash: String = rusqlite::Connection::open(shop.database())
        .unwrap()
        .query_row("select page_password from accounts where code = 'acme'", [], |row| row.get(0))
        .unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    shop.run(&["account", "set-password", "acme"]).failed(1, "hint: `--password-stdin` reads it from stdin");
}

#[test]
fn an_order_is_shown_with_its_lines_payment_and_papers() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "10", "--memo", "welcome"]).done();
    let id = shop.renew("acme", 1001).to_string();
    let mut order = shop.document(&["order", "show", &id]);
    for field in ["placed", "lapses"] {
        order[field] = json!("then");
    }
    order["payment"]["at"] = json!("then");
    order["invoices"][0]["issued"] = json!("then");
    insta::assert_json_snapshot!(order, @r#"
    {
      "account": "acme",
      "charge": null,
      "charges": [],
      "gross": {
        "amount": "4.31",
        "currency": "EUR"
      },
      "id": 1,
      "invoices": [
        {
          "gross": {
            "amount": "4.31",
            "currency": "EUR"
          },
          "issued": "then",
          "kind": "original",
          "net": {
            "amount": "3.59",
            "currency": "EUR"
          },
          "number": "FR00000001",
          "tax": {
            "amount": "0.72",
            "currency": "EUR"
          }
        }
      ],
      "lapses": "then",
      "lines": [
        {
          "description": "VPS SSD 1",
          "from": "2099-01-31",
          "name": "vps1.example.net",
          "net": {
            "amount": "3.59",
            "currency": "EUR"
          },
          "period": "P1M",
          "service": 1001,
          "tax": {
            "amount": "0.72",
            "currency": "EUR"
          },
          "until": "2099-02-28"
        }
      ],
      "net": {
        "amount": "3.59",
        "currency": "EUR"
      },
      "origin": "customer",
      "payment": {
        "amount": {
          "amount": "4.31",
          "currency": "EUR"
        },
        "at": "then",
        "from_balance": {
          "amount": "0.00",
          "currency": "EUR"
        },
        "kind": "balance"
      },
      "period": "P1M",
      "placed": "then",
      "plan": {
        "by_itself": true,
        "from_balance": {
          "amount": "0.00",
          "currency": "EUR"
        },
        "kind": null
      },
      "promo": null,
      "purpose": "renewal",
      "state": "fulfilled",
      "tax": {
        "amount": "0.72",
        "currency": "EUR"
      }
    }
    "#);
    assert_eq!(shop.json(&["order", "list"]).len(), 1);
    assert_eq!(shop.json(&["order", "list", "--open"]).len(), 0);
    assert_eq!(shop.json(&["order", "list", "--account", "globex"]).len(), 0);
    shop.run(&["order", "show", &id, "--account", "globex"]).failed(1, "account `globex` has no order 1");
    shop.run(&["order", "show", "99"]).failed(1, "there is no order 99");
}

#[test]
fn an_order_is_taken_back_once() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "10", "--memo", "welcome"]).done();
    let id = shop.renew("acme", 1001).to_string();
    shop.run(&["order", "credit", &id, "--no-input"]).failed(2, "Take order 1 of acme over 4.31 EUR back");
    shop.run(&["order", "credit", &id, "--yes"]).done();
    let papers = shop.document(&["order", "show", &id])["invoices"].clone();
    assert_eq!(papers.as_array().unwrap().len(), 2, "{papers}");
    assert_eq!(shop.document(&["balance", "show", "acme"])["balance"]["amount"], "10.00");
    assert_eq!(shop.document(&["service", "show", "1001"])["until"], "2099-02-28", "the paid term stays");
    shop.run(&["order", "credit", &id, "--yes"]).failed(1, "order 1 is already credited");
    shop.run(&["audit"]).done();
}

#[test]
fn an_open_order_is_withdrawn_once() {
    let shop = Shop::open();
    let id = shop.place("acme", 1001).to_string();
    shop.run(&["order", "cancel", &id, "--no-input"]).failed(2, "Withdraw order 1 of acme over 4.31 EUR");
    assert_eq!(shop.json(&["order", "list", "--open"]).len(), 1);
    shop.run(&["order", "cancel", &id, "--yes"]).done();
    assert_eq!(shop.document(&["order", "show", &id])["state"], "cancelled");
    shop.run(&["order", "cancel", &id, "--yes"]).failed(1, "order 1 is cancelled");
    assert_eq!(shop.place("acme", 1001), 2, "the service can be renewed again");
    shop.run(&["audit"]).done();
}

#[test]
fn the_audit_tells_by_its_exit_code_whether_the_books_are_sound() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "10", "--memo", "welcome"]).done();
    shop.renew("acme", 1001);
    let run = shop.run(&["audit"]).done();
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!(run.stderr, @"
    checked 2 accounts, 3 services, 1 orders, 1 payments, 1 extensions, 1 invoices, 3 transfers, 0 charges, 0 open charges, 0 intents
    the books are sound
    ");

    corrupt(&shop, "drop trigger payments_never_go; delete from payments;");
    let run = shop.run(&["audit"]);
    assert_eq!(run.code, 1, "{run:?}");
    insta::assert_snapshot!(run.stdout, @"
    one-payment: order 1 is fulfilled, but was never paid
    payment-sources: order 1 took 431 from the balance and 0 from the book of its kind, but its payment says 0 and 0
    ");
    let run = shop.run(&["audit", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &report["sound"]), (1, &json!(false)), "{run:?}");
    assert_eq!(fields(&report["findings"][0]), ["rule", "what"]);
}

#[test]
fn a_backup_restores_the_moment_it_was_made() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "10", "--memo", "before"]).done();
    // A server has the ledger open meanwhile.
    let server = SqliteStore::open(&shop.database()).unwrap();
    let copy = shop.path("copy.db");
    assert_eq!(shop.document(&["backup", &copy])["backup"], json!(copy));
    shop.run(&["balance", "credit", "acme", "5", "--memo", "after"]).done();
    drop(server);
    shop.run(&["backup", &copy]).failed(1, "hint: `--force` replaces it");
    shop.run(&["backup", shop.database().to_str().unwrap(), "--force"]).failed(1, "is the database itself");

    std::fs::copy(&copy, shop.database()).unwrap();
    shop.run(&["audit"]).done();
    assert_eq!(shop.document(&["balance", "show", "acme"])["balance"]["amount"], "10.00");
    shop.run(&["backup", &copy, "--force"]).done();
    let left: Vec<_> = std::fs::read_dir(shop.path("")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new-")), "{left:?}");
}

#[test]
fn flags_stand_above_the_environment_and_that_above_the_file() {
    let shop = Shop::open();
    let toml = "[store]\npath = \"shop.db\"\n[pages]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n";
    let config = shop.write("shop-config.toml", toml);
    let run = |args: &[&str], database: Option<&str>| {
        let mut command = shop.command(args);
        match database {
            Some(path) => command.env("PERENNIAL_DATABASE", path),
            None => command.env_remove("PERENNIAL_DATABASE"),
        };
        Run::of(&command.output().unwrap())
    };
    run(&["account", "list", "--config", &config], None).done();
    run(&["account", "list", "--config", &config], Some("other.db")).failed(1, "there is no database at other.db");
    run(&["account", "list", "--database", "shop.db"], Some("other.db")).done();
    run(&["account", "list"], None).failed(2, "hint: give `--database PATH`, or set PERENNIAL_DATABASE");
    let wrong = shop.write("wrong.toml", &toml.replace("path", "paht"));
    run(&["account", "list", "--config", &wrong], None).failed(1, "unknown field `paht`");
    run(&["account", "list", "--config", "none.toml"], None).failed(1, "reading the configuration none.toml");
    // One that lies there needs no naming.
    shop.write("perennial.toml", toml);
    run(&["account", "list"], None).done();
}

#[test]
fn a_file_that_is_no_ledger_is_told_and_left_alone() {
    let shop = Shop::open();
    let none = shop.path("none.db");
    shop.run(&["--database", &none, "audit"])
        .failed(1, &format!("hint: `perennial import FILE --database {none}` makes one"));
    assert!(!std::path::Path::new(&none).exists());
    let text = shop.write("text.db", "this is no database, and long enough to show it at once to anybody who looks");
    shop.run(&["--database", &text, "audit"]).failed(1, "file is not a database");
    let other = shop.path("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("create table t (a); pragma user_version = 7;").unwrap();
    shop.run(&["--database", &other, "audit"]).failed(1, "opening the database");
    shop.run(&["--database", &other, "import", &shop.path("shop.toml")]).failed(1, "but not a ledger of Perennial");
}

#[test]
fn wrong_usage_exits_with_2() {
    let shop = Shop::open();
    let key = |args: &[&'static str]| [&["key", "issue", "--account", "acme", "--dialect"], args].concat();
    let rows: [(&[&str], &str); 25] = [
        (&["bogus"], "unrecognized subcommand 'bogus'"),
        (&["import"], "<FILE>"),
        (&["service", "list", "--kind", "car"], "a kind is one of server, domain"),
        (&["service", "list", "--expiring", "30"], "a span is written as P30D"),
        (&["key", "issue", "--account", "acme", "--dialect", "ovh", "--kind", "consumer"], "--application <KEY>"),
        (&["key", "issue", "--account", "acme", "--dialect", "ovh", "--rule", "GET /*"], "are for `--kind consumer`"),
        (&["key", "issue", "--account", "acme", "--dialect", "ovh", "--rule", "FETCH /"], "a rule is a method"),
        (&key(&["vpsbg", "--kind", "application"]), "--kind is for `--dialect ovh` and `--dialect aliyun`"),
        (&key(&["hostup", "--rule", "GET /*"]), "--rule is for `--dialect ovh`"),
        (&key(&["aliyun", "--rule", "GET /*"]), "--rule is for `--dialect ovh`"),
        (&key(&["vpsbg", "--application", "x"]), "--application is for `--dialect ovh`"),
        (&key(&["hostup", "--read-only"]), "--read-only is for `--dialect vpsbg` and `--dialect aliyun`"),
        (&key(&["vpsbg", "--scope", "read:all"]), "--scope is for `--dialect hostup` and `--dialect aliyun`"),
        (&key(&["aliyun", "--kind", "oauth2"]), "`--kind oauth2` is for `--dialect ovh`"),
        (&key(&["ovh", "--kind", "sts"]), "`--kind sts` is for `--dialect aliyun`"),
        (&key(&["aliyun", "--kind", "sts", "--expires", "P1M"]), "a session ends after 12 hours"),
        (&key(&["aliyun", "--read-only", "--scope", "ecs:*"]), "--read-only and --scope exclude each other"),
        (&key(&["aliyun", "--scope", "ecs:describe*"]), "`--scope ecs:describe*`: a scope is an API (ecs, bss, or *"),
        (&key(&["aliyun", "--scope", "read:domains"]), "such as ecs:RenewInstance or ecs:Describe*"),
        (
            &key(&["hostup", "--scope", "ecs:Describe*"]),
            "a scope is a verb (read, write, transfer, console) and a noun",
        ),
        (&key(&["ovh", "--expires", "P1M"]), "are for `--kind consumer`"),
        (&key(&["hostup", "--scope", "domains"]), "a scope is a verb (read, write, transfer, console) and a noun"),
        (&key(&["vpsbg", "--allow-ip", "10.0.0.0/33"]), "a block is an address"),
        (&["key", "revoke", "7"], "an id is application/N or credential/N"),
        (&["balance", "credit", "acme", "5"], "--memo <TEXT>"),
    ];
    for (args, why) in rows {
        shop.run(args).failed(2, why);
    }
    let output = shop.command(&["account", "list"]).env("PERENNIAL_LOG", "a=b=c").output().unwrap();
    Run::of(&output).failed(2, "PERENNIAL_LOG");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let shop = Shop::empty();
    for (shell, word) in [("bash", "_perennial()"), ("zsh", "#compdef perennial"), ("fish", "complete -c perennial")] {
        assert!(shop.run(&["completions", shell]).done().stdout.contains(word), "{shell}");
    }
    let page = shop.run(&["man", "--date", "2027-01-31"]).done().stdout;
    assert!(page.contains(".TH PERENNIAL 1 2027-01-31"), "{page}");
    shop.run(&["man", "--output", "pages"]).done();
    let page = std::fs::read_to_string(shop.path("pages/perennial-key-issue.1")).unwrap();
    assert!(page.contains(".TH PERENNIAL-KEY-ISSUE 1"), "{page}");
}

#[test]
fn commands_work_beside_a_server_on_the_same_file() {
    use perennial_core::ports::Books;
    let shop = Shop::open();
    let server = SqliteStore::open(&shop.database()).unwrap();
    let reader = server.reader();
    assert_eq!(reader.account_ids().unwrap().len(), 2);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| shop.run(&["balance", "credit", "acme", "1", "--memo", "x"]).done());
        }
    });
    let acme = reader.find_account("acme").unwrap().unwrap();
    assert_eq!(reader.balance_movements(acme, perennial_core::ports::Span::default()).unwrap().len(), 4);
}
