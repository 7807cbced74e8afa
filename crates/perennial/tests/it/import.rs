//! `perennial import`: what it takes, what it refuses, and what it leaves alone.

use perennial_core::calendar::AnchorDay;
use perennial_core::ports::Books;
use perennial_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::shop::{SHOP, Shop};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

fn tally(created: u32, updated: u32, unchanged: u32) -> Value {
    json!({ "created": created, "updated": updated, "unchanged": unchanged })
}

#[test]
fn the_example_is_created_once_and_unchanged_after() {
    let shop = Shop::empty();
    let example = format!("{EXAMPLES}/shop.toml");
    let counts = |tally: fn(u32) -> Value| {
        json!({
            "dry_run": false,
            "tables": {
                "seller": tally(1), "accounts": tally(2), "products": tally(4), "promos": tally(1),
                "services": tally(5), "methods": tally(2), "coupons": tally(1),
            },
        })
    };
    assert_eq!(shop.document(&["import", &example]), counts(|rows| tally(rows, 0, 0)));
    assert_eq!(shop.document(&["import", &example]), counts(|rows| tally(0, 0, rows)));
    shop.run(&["audit"]).done();
}

#[test]
fn the_example_of_cloud_instances_is_sold_beside_the_other_and_alone() {
    let shop = Shop::empty();
    let [small, cloud] = ["shop", "cloud"].map(|name| format!("{EXAMPLES}/{name}.toml"));
    let counts = |tally: fn(u32) -> Value| json!({ "accounts": tally(1), "products": tally(3), "services": tally(3), "coupons": tally(1) });
    shop.run(&["import", &small]).done();
    assert_eq!(shop.document(&["import", &cloud])["tables"], counts(|rows| tally(rows, 0, 0)));
    assert_eq!(shop.document(&["import", &cloud])["tables"], counts(|rows| tally(0, 0, rows)));
    assert_eq!(shop.document(&["import", &small])["tables"]["services"], tally(0, 0, 5));
    shop.run(&["audit"]).done();
    assert_eq!(Shop::empty().document(&["import", &cloud])["tables"], counts(|rows| tally(rows, 0, 0)));
}

#[test]
fn a_table_of_counts_is_shown_to_people() {
    let shop = Shop::empty();
    let file = shop.write("shop.toml", SHOP);
    let run = shop.run(&["import", &file]).done();
    insta::assert_snapshot!(run.stdout, @"
    TABLE     CREATED  UPDATED  UNCHANGED
    seller          1        0          0
    accounts        2        0          0
    products        2        0          0
    services        3        0          0
    ");
    assert_eq!(run.stderr, format!("made the database {}\n", shop.database().display()));
}

#[test]
fn csv_files_are_named_after_their_tables() {
    let shop = Shop::empty();
    let files =
        ["services", "prices", "products", "accounts", "methods"].map(|name| format!("{EXAMPLES}/csv/{name}.csv"));
    let args: Vec<_> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let tables = |tally: fn(u32) -> Value| json!({ "accounts": tally(2), "products": tally(2), "services": tally(3), "methods": tally(1) });
    assert_eq!(shop.document(&args)["tables"], tables(|rows| tally(rows, 0, 0)));
    assert_eq!(shop.document(&args)["tables"], tables(|rows| tally(0, 0, rows)));
    let service = shop.document(&["service", "show", "vm-1.acme.example.net"]);
    assert_eq!(service["facts"], json!({ "ip": "192.0.2.10", "os": "debian-13" }));

    let prices = shop.write("list.txt", "product,period,net,currency\ncloud-2gb,P1M,60,SEK\n");
    let counts = shop.document(&["import", &prices, "--format", "csv", "--kind", "prices"]);
    assert_eq!(counts["tables"], json!({ "products": tally(0, 1, 0) }));
    shop.run(&["import", &prices]).failed(1, "is neither .toml nor .csv; give --format");
    shop.run(&["import", &prices, "--format", "csv"]).failed(1, "what is in it?");
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let shop = Shop::empty();
    let file = shop.write("shop.toml", SHOP);
    let run = shop.run(&["import", "--dry-run", &file]).done();
    assert!(run.stdout.contains("services        3        0          0"), "{run:?}");
    assert_eq!(run.stderr, "this was a dry run: nothing was written\n");
    assert!(!shop.database().exists());

    shop.run(&["import", &file]).done();
    let more = shop.write(
        "more.toml",
        &SHOP
            .replace("\"ACME\"", "\"ACME Ltd\"")
            .replace("globex", "initech")
            .replace("1003", "1004")
            .replace("vps2", "vps3"),
    );
    let counts = shop.document(&["import", "-n", &more]);
    assert_eq!((&counts["dry_run"], &counts["tables"]["accounts"]), (&json!(true), &tally(1, 1, 0)));
    let codes: Vec<_> = shop.json(&["account", "list"]).into_iter().map(|line| line["code"].clone()).collect();
    assert_eq!(codes, ["acme", "globex"]);
}

#[test]
fn what_is_wrong_is_told_with_line_and_field_and_nothing_is_written() {
    // What of the shop's file is replaced, with what, and what is said of it.
    let rows = [
        ("code = \"acme\"", "code = \"ac me\"", "7: accounts.code: `ac me` has a blank in it"),
        ("email = \"billing@acme.example.net\"", "", "6: accounts.email: is missing"),
        ("billing@acme.example.net", "billing", "9: accounts.email: `billing` is not an e-mail address"),
        ("country = \"FR\"", "country = \"fr\"", "10: accounts.country: `fr` is not a country code such as FR"),
        (
            "country = \"FR\"",
            "land = \"FR\"",
            "10: accounts.land: is not known here (known: code, name, email, country",
        ),
        (
            "currency = \"EUR\"\ntax = \"st",
            "currency = \"EUX\"\ntax = \"st",
            "11: accounts.currency: `EUX` is not a known",
        ),
        ("tax_rate = \"20\"", "tax_rate = \"101\"", "13: accounts.tax_rate: `101` is not a percentage from 0 to 100"),
        ("tax_rate = \"20\"", "", "12: accounts.tax_rate: is missing"),
        ("\"reverse-charge\"", "\"reversed\"", "22: accounts.tax: `reversed` is none of `standard`, `reverse-charge`"),
        ("Europe/Paris", "Europe/Pariss", "14: accounts.zone: `Europe/Pariss` is not a time zone"),
        ("code = \"globex\"", "code = \"acme\"", "17: accounts.code: is here twice"),
        ("kind = \"server\"", "kind = \"servr\"", "27: products.kind: `servr` is none of `server`, `domain`"),
        (
            "\"3.59\"",
            "3.59",
            "30: products.prices.net: 3.59 is a float, which is never exact; write it in quotes: \"3.59\"",
        ),
        ("\"3.59\"", "\"3.599\"", "30: products.prices.net: `3.599` is not an amount with at most 2 decimals"),
        ("\"3.59\"", "\"-3.59\"", "30: products.prices.net: `-3.59` is below zero"),
        (
            "{ period = \"P1M\", net = \"3",
            "{ period = \"P30D\", net = \"3",
            "30: products.prices.period: `P30D` is not a period",
        ),
        ("{ period = \"P1Y\"", "{ period = \"P1M\"", "31: prices.period: is here twice"),
        (
            "account = \"globex\"",
            "account = \"globx\"",
            "65: services.account: there is no account `globx`, did you mean `globex`?",
        ),
        (
            "product = \"backup\"",
            "product = \"bakcup\"",
            "56: services.product: there is no product `bakcup`, did you mean `backup`?",
        ),
        (
            "parent = \"vps1.",
            "parent = \"vps9.",
            "57: services.parent: account `acme` has no such service `vps9.example.net`, did you mean `vps1.",
        ),
        (
            "parent = \"vps1.",
            "parent = \"vps2.",
            "57: services.parent: `vps2.example.net` is not a service of account `acme`",
        ),
        ("parent = \"vps1.example.net\"", "parent = \"backup1\"", "services.parent: the service belongs to itself"),
        ("until = 2098-12-15", "until = \"15.12.2098\"", "68: services.until: `15.12.2098` is not a date"),
        ("until = 2098-12-15", "until = 2025-12-15", "67: services.created: is after its end, 2025-12-15"),
        ("2098-12-15\nperiod = \"P1Y\"", "2098-12-15", "services.period: is missing, and the service is new"),
        ("id = 1003", "id = 1001", "services.id: is here twice"),
        ("id = 1003", "id = 0", "63: services.id: `0` is not a whole number above 0"),
        ("facts = { vcore = \"1\" }", "facts = { vcore = 1.5 }", "50: services.facts.vcore: 1.5 is a float"),
        ("mode = \"automatic\"", "mode = true", "49: services.mode: `true` is not text"),
        ("[seller]", "[sellers]", "2: sellers: is not known here (known: seller, accounts, products, prices"),
        ("[[products]]\ncode = \"vps\"", "[[products]\ncode = \"vps\"", "24: "),
    ];
    for (good, bad, told) in rows {
        assert!(SHOP.contains(good), "the shop does not say {good:?}");
        let shop = Shop::empty();
        let file = shop.write("bad.toml", &SHOP.replacen(good, bad, 1));
        let run = shop.run(&["import", &file]).failed(1, &format!("{file}:"));
        let lines = run.stderr.replace(&format!("{file}:"), "");
        assert!(lines.contains(told), "{bad:?}: {told:?} is not in {run:?}");
        assert!(run.stderr.contains("so nothing was written"), "{run:?}");
        assert!(!shop.database().exists(), "{bad:?} made a database");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_by_file_and_line() {
    let shop = Shop::empty();
    let accounts = shop
        .write("accounts.csv", "code,name,email,country,currency,tax\na,A,a@example.net,FR,EUR\nb,B,b,FR,EUR,exempt\n");
    let products = shop.write("products.toml", "[[products]]\ncode = \"p\"\nname = 5\nkind = \"server\"\nprice = 1\n");
    let coupons = shop.write("coupons.toml", "[[coupons]]\nid = 1\naccount = \"zed\"\namount = \"5\"\n");
    let missing = shop.path("missing.toml");
    let run = shop.run(&["import", &accounts, &products, &coupons, &missing]).failed(1, "5 problems");
    insta::assert_snapshot!(run.stderr.replace(&shop.path(""), ""), @"
    error: the input has 5 problems, so nothing was written
      accounts.csv:2: has 5 cells where the first line has 6
      accounts.csv:3: accounts.email: `b` is not an e-mail address
      coupons.toml:3: coupons.account: there is no account `zed`
      missing.toml: cannot be read: No such file or directory (os error 2)
      products.toml:5: products.price: is not known here (known: code, name, kind, renewability, grace_days, suspension_days, redemption_days, redemption_fees, ahead_months_max, facts, prices)
    ");
    assert!(!shop.database().exists());
}

#[test]
fn what_the_ledger_holds_is_checked_against() {
    let shop = Shop::open();
    let rows = [
        (
            "currency = \"EUR\"\ntax = \"st",
            "currency = \"SEK\"\ntax = \"st",
            "accounts.currency: an account keeps its currency, and on file it is EUR",
        ),
        ("kind = \"addon\"", "kind = \"domain\"", "products.kind: a product keeps its kind, and on file it is `addon`"),
        ("id = 1003", "id = 1004", "services.id: a service keeps its id, and on file it is 1003"),
        (
            "account = \"globex\"",
            "account = \"acme\"",
            "another service on file has the name or the id of `vps2.example.net`",
        ),
    ];
    for (good, bad, told) in rows {
        let before = shop.json(&["service", "list"]);
        let file = shop.write("bad.toml", &SHOP.replacen(good, bad, 1).replace("\"ACME\"", "\"ACME Ltd\""));
        shop.run(&["import", &file]).failed(1, told);
        assert_eq!(shop.document(&["account", "show", "acme"])["name"], "ACME", "{bad:?}");
        assert_eq!(shop.json(&["service", "list"]), before, "{bad:?}");
    }
}

#[test]
fn what_a_file_leaves_out_and_what_was_paid_for_stays() {
    let shop = Shop::open();
    shop.run(&["balance", "credit", "acme", "100", "--memo", "welcome"]).done();
    shop.renew("acme", 1001);
    let before = shop.document(&["service", "show", "1001"]);
    assert_eq!(before["until"], "2099-02-28");

    let again = shop.document(&["import", &shop.path("shop.toml")]);
    assert_eq!(again["tables"]["services"], tally(0, 0, 3));
    let short = shop.write(
        "short.toml",
        "[[services]]\nname = \"vps1.example.net\"\naccount = \"acme\"\nproduct = \"vps\"\nuntil = 2099-01-31\n\
         display_name = \"front\"\n",
    );
    assert_eq!(shop.document(&["import", &short])["tables"], json!({ "services": tally(0, 1, 0) }));
    let mut after = shop.document(&["service", "show", "1001"]);
    assert_eq!(after["display_name"], "front");
    after["display_name"] = Value::Null;
    assert_eq!(after, before);
    shop.run(&["audit"]).done();
}

#[test]
fn facts_and_the_products_of_promo_codes_are_kept_and_can_be_changed() {
    let shop = Shop::open();
    let catalogue = || SqliteStore::open(&shop.database()).unwrap().reader().load(&[]).unwrap().catalogue;
    let product = |code: &str| catalogue().products.values().find(|product| product.code == code).unwrap().clone();
    let file = |name: &str, promo: &str| {
        let text = format!(
            "[[accounts]]\ncode = \"acme\"\nname = \"ACME\"\nemail = \"billing@acme.example.net\"\ncountry = \"FR\"\n\
             currency = \"EUR\"\ntax = \"standard\"\ntax_rate = \"20\"\nfacts = {{ city = \"Paris\" }}\n\
             [[products]]\ncode = \"vps\"\nname = \"VPS SSD 1\"\nkind = \"server\"\nfacts = {{ vcpus = 2 }}\n\
             [[products]]\ncode = \"floating\"\nname = \"Floating IP\"\nkind = \"ip\"\n\
             [[products]]\ncode = \"help\"\nname = \"Support\"\nkind = \"support\"\n\
             [[promos]]\ncode = \"spring\"\noff = \"10\"\n{promo}"
        );
        shop.write(name, &text)
    };
    let facts = file("facts.toml", "products = [\"vps\", \"floating\"]");
    let counts = json!({ "accounts": tally(0, 1, 0), "products": tally(2, 1, 0), "promos": tally(1, 0, 0) });
    assert_eq!(shop.document(&["import", &facts])["tables"], counts);
    assert_eq!(shop.document(&["account", "show", "acme"])["facts"], json!({ "city": "Paris" }));
    assert_eq!(product("vps").facts.get("vcpus").map(String::as_str), Some("2"));
    let both = vec![product("vps").id, product("floating").id];
    assert_eq!(catalogue().promos["spring"].products, both);

    let counts = json!({ "accounts": tally(0, 0, 1), "products": tally(0, 0, 3), "promos": tally(0, 0, 1) });
    assert_eq!(shop.document(&["import", &file("again.toml", "")])["tables"], counts, "what is left out stays");
    let csv = shop.write("promos.csv", "code,off,products\nspring,10,help vps\n");
    assert_eq!(shop.document(&["import", &csv])["tables"], json!({ "promos": tally(0, 1, 0) }));
    assert_eq!(catalogue().promos["spring"].products, [product("help").id, product("vps").id]);
    let all = shop.write("all.toml", "[[promos]]\ncode = \"spring\"\noff = \"10\"\nproducts = []\n");
    shop.run(&["import", &all]).done();
    assert!(catalogue().promos["spring"].products.is_empty());

    for (promo, told) in [
        ("products = [\"vpx\"]", "promos.products: there is no product `vpx`, did you mean `vps`?"),
        ("products = [\"vps\", \"vps\"]", "promos.products: is here twice"),
        ("products = 5.5", "promos.products: is not a list"),
    ] {
        shop.run(&["import", &file("bad.toml", promo)]).failed(1, told);
    }
}

#[test]
fn what_becomes_of_the_deleted_and_of_what_falls_due_together_is_kept_where_nothing_is_said() {
    let shop = Shop::open();
    let catalogue = || SqliteStore::open(&shop.database()).unwrap().reader().load(&[]).unwrap().catalogue;
    let ends = || {
        let vps = catalogue().products.values().find(|product| product.code == "vps").unwrap().clone();
        (vps.redemption_days, vps.redemption_fees.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let product = |more: &str| {
        let text = format!("[[products]]\ncode = \"vps\"\nname = \"VPS SSD 1\"\nkind = \"server\"\n{more}");
        shop.write("product.toml", &text)
    };
    assert_eq!(ends(), (0, Vec::new()));
    let file = product("redemption_days = 35\nredemption_fees = [\"80 EUR\", \"900 SEK\"]\n");
    assert_eq!(shop.document(&["import", &file])["tables"], json!({ "products": tally(0, 1, 0) }));
    let both = (35, vec!["80.00 EUR".to_owned(), "900.00 SEK".to_owned()]);
    assert_eq!(ends(), both);
    assert_eq!(shop.document(&["import", &product("")])["tables"], json!({ "products": tally(0, 0, 1) }));
    assert_eq!(ends(), both);
    let csv = "code,name,kind,redemption_days,redemption_fees\nvps,VPS SSD 1,server,35,80 EUR 900 SEK\n";
    let counts = shop.document(&["import", &shop.write("products.csv", csv)]);
    assert_eq!(counts["tables"], json!({ "products": tally(0, 0, 1) }));
    for (fees, told) in [
        ("[\"80\"]", "products.redemption_fees: `80` is not an amount with its currency"),
        ("[\"80 EUR\", \"90 EUR\"]", "products.redemption_fees: has two fees in one currency"),
        ("[\"-1 EUR\"]", "products.redemption_fees: `-1` is below zero"),
    ] {
        shop.run(&["import", &product(&format!("redemption_fees = {fees}\n"))]).failed(1, told);
    }

    let account = |joint: &str| {
        let titles = "code,name,email,country,currency,tax,tax_rate,joint_orders\n";
        let row = format!("acme,ACME,billing@acme.example.net,FR,EUR,standard,20,{joint}\n");
        shop.write("accounts.csv", &format!("{titles}{row}"))
    };
    let tables = |joint: &str| shop.document(&["import", &account(joint)])["tables"]["accounts"].clone();
    let told = ["true", "", "true", "false", "false"].map(tables);
    assert_eq!(told, [tally(0, 1, 0), tally(0, 0, 1), tally(0, 0, 1), tally(0, 1, 0), tally(0, 0, 1)]);
}

#[test]
fn the_day_on_which_services_end_is_kept_where_nothing_is_said_and_taken_off_by_a_zero() {
    let shop = Shop::open();
    let day = || {
        let reader = SqliteStore::open(&shop.database()).unwrap().reader();
        let account = reader.account(reader.find_account("acme").unwrap().unwrap()).unwrap().unwrap();
        account.align_day.map(AnchorDay::get)
    };
    let account = |day: &str| {
        let titles = "code,name,email,country,currency,tax,tax_rate,align_day\n";
        let row = format!("acme,ACME,billing@acme.example.net,FR,EUR,standard,20,{day}\n");
        shop.write("accounts.csv", &format!("{titles}{row}"))
    };
    assert_eq!(day(), None);
    for (said, on_file, told) in [
        ("15", Some(15), tally(0, 1, 0)),
        ("", Some(15), tally(0, 0, 1)),
        ("31", Some(31), tally(0, 1, 0)),
        ("0", None, tally(0, 1, 0)),
        ("0", None, tally(0, 0, 1)),
    ] {
        assert_eq!(shop.document(&["import", &account(said)])["tables"]["accounts"], told, "{said}");
        assert_eq!(day(), on_file, "{said}");
    }
    for wrong in ["32", "-1", "x"] {
        let told = format!("accounts.align_day: `{wrong}` is not a day of the month, 1 to 31");
        shop.run(&["import", &account(wrong)]).failed(1, &told);
    }
}
