use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::*;

#[test]
fn an_origin_is_scheme_host_and_port() {
    let read = |text: &'static str| {
        let given: StrDeserializer<'_, Error> = text.into_deserializer();
        origin(given).ok()
    };
    for (text, expected) in [
        ("https://renew.example.net", "https://renew.example.net"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://[::1]:8400", "http://[::1]:8400"),
    ] {
        assert_eq!(read(text).as_deref(), Some(expected));
    }
    for text in [
        "",
        "renew.example.net",
        "/x",
        "ftp://x",
        "https://",
        "https://x/y",
        "https://x?y",
        "https://a@x",
        "http://a b",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

/// What a dialect's section comes to.
fn settings(name: &str, more: &str) -> Result<Settings, toml::de::Error> {
    let dialect = Dialect::named(name).expect("is served");
    let text = format!("listen = \"127.0.0.1:1\"\n{more}");
    let section = section_of(dialect).deserialize(toml::Deserializer::parse(&text)?)?;
    Ok(section.settings(dialect, "http://127.0.0.1"))
}

#[test]
fn what_the_seller_does_not_set_is_as_the_dialect_has_it() {
    for (name, expected) in
        [("ovh", (120, 0, false)), ("vpsbg", (0, 0, false)), ("hostup", (0, 0, false)), ("aliyun", (900, 120, false))]
    {
        let settings = settings(name, "").expect("reads");
        let read = (settings.clock_window_s, settings.repeat_window_s, settings.explain_signatures);
        assert_eq!(read, expected, "{name}");
    }
    let set = "clock_window_s = 60\nrepeat_window_s = 0\nexplain_signatures = true\nrequests_per_minute = 5";
    let settings = settings("aliyun", set).expect("reads");
    assert_eq!((settings.clock_window_s, settings.repeat_window_s, settings.explain_signatures), (60, 0, true));
    assert_eq!(settings.requests_per_minute.map(u32::from), Some(5));
}

#[test]
fn a_ledger_is_one_file_or_one_database() {
    let read = |text: &str| toml::from_str::<StoreConfig>(text).map_err(|error| error.message().to_owned());
    let file = read("path = \"shop.db\"").expect("reads");
    assert!(matches!(&file.address, Some(Address::File(path)) if path.as_os_str() == "shop.db") && file.group_commit);
    let database = read("url = \"postgres://u@h/d\"\ngroup_commit = false").expect("reads");
    assert!(matches!(&database.address, Some(Address::Postgres(_))) && !database.group_commit);
    assert!(read("").expect("is named elsewhere").address.is_none());
    for (text, why) in [
        ("path = \"shop.db\"\nurl = \"postgres://h/d\"", "are two ledgers"),
        ("path = \"postgres://h/d\"", "write a database's URL as `url`"),
        ("url = \"mysql://h/d\"", "`url` begins with postgres://"),
    ] {
        let told = read(text).expect_err("is no ledger");
        assert!(told.contains(why), "{text}: {told}");
    }
}

#[test]
fn a_setting_of_another_dialect_is_refused() {
    for (name, setting) in [
        ("ovh", "repeat_window_s = 0"),
        ("ovh", "explain_signatures = false"),
        ("vpsbg", "clock_window_s = 120"),
        ("hostup", "clock_window_s = 120"),
        ("hostup", "explain_signatures = true"),
    ] {
        let error = settings(name, setting).expect_err("is none of its settings").to_string();
        assert!(error.contains(&format!("is no setting of `[{name}]`")), "{error}");
        assert!(error.contains("line 2, column 1"), "{error}");
    }
}

/// A file with an account of each kind of setting, and a policy.
const BUYER: &str = r#"
[provider.ovh-work]
api = "ovh"
profile = "ovh-eu"
vat = "25"

[provider.cloud]
api = "aliyun"
url = "http://127.0.0.1:8404/"
secret_command = ["pass", "show", "cloud"]
ca_file = "ca.pem"
regions = ["cn-hangzhou"]
requests_per_minute = 60
settles_in_s = 30

[[rule]]
provider = "ovh-work"
kind = "server"
name = "*.example.net"
tag = "prod"
renew_before = "P14D"
period = "P1Y"
price_max = "50 EUR"
mode = "act"

[[rule]]
kind = "domain"
renew_before = "P4W"
period = "cheapest"
period_min = "P1M"
period_max = "P2Y"

[[rule]]
kind = "instance"
renew_before = "P14D"
align_day = 12

[[rule]]
mode = "never"

[[budget]]
provider = "ovh-work"
month = "200 EUR"

[quiet]
from = "22:00"
until = "07:00"
zone = "Europe/Sofia"

[rehearsal]
sandbox = "http://127.0.0.1:8400/"
"#;

fn parse(text: &str) -> anyhow::Result<Config> {
    Config::parse(text, Path::new("/etc/perennial/perennial.toml"), Half::Buyer)
}

#[test]
fn the_buyers_half_is_read_into_what_it_stands_for() {
    use perennial_core::buyer::policy::{Match, Mode, TermChoice};
    use perennial_core::calendar::{AnchorDay, Period};
    use perennial_core::product::Kind;

    let config = parse(BUYER).expect("reads");
    assert!(config.pages.is_none() && config.dialects.is_empty());
    let buyer = config.buyer;
    let names: Vec<_> = buyer.providers.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["cloud", "ovh-work"]);
    let cloud = &buyer.providers.values().next().expect("is there");
    assert_eq!((cloud.api.name, cloud.url.as_deref()), ("aliyun", Some("http://127.0.0.1:8404")));
    assert_eq!(cloud.ca_file.as_deref(), Some(Path::new("/etc/perennial/ca.pem")), "it counts from the file's folder");
    assert_eq!((cloud.requests_per_minute.map(u32::from), cloud.settles_in_s), (Some(60), Some(30)));
    let work = buyer.providers.values().nth(1).expect("is there");
    assert_eq!(
        (work.profile.as_deref(), work.vat.map(perennial_core::money::Rate::ppm), work.url.as_deref()),
        (Some("ovh-eu"), Some(250_000), None)
    );

    let [fixed, cheapest, aligned, never] = buyer.policy.rules.try_into().expect("four rules");
    let matches = Match {
        provider: buyer.providers.keys().nth(1).cloned(),
        kind: Some(Kind::Server),
        name: Some("*.example.net".to_owned()),
        tag: Some("prod".to_owned()),
    };
    assert_eq!((fixed.matches, fixed.renew_before_days, fixed.mode), (matches, 14, Mode::Act));
    assert_eq!(fixed.term, TermChoice::Fixed(Period::months(12).expect("is a period")));
    assert_eq!(fixed.price_max.map(|price| price.to_string()).as_deref(), Some("50.00 EUR"));
    assert_eq!(cheapest.term, TermChoice::Cheapest { min: Period::months(1), max: Period::months(24) });
    assert_eq!((cheapest.renew_before_days, cheapest.mode), (28, Mode::Ask), "nothing is bought that nobody asked for");
    assert_eq!(aligned.term, TermChoice::ToDay(AnchorDay::new(12).expect("is a day")));
    assert_eq!((never.mode, never.matches), (Mode::Never, Match::default()));
    assert_eq!(buyer.policy.budgets.first().map(|budget| budget.month.to_string()).as_deref(), Some("200.00 EUR"));
    assert_eq!(buyer.policy.quiet.expect("is there").zone.name(), "Europe/Sofia");
    assert_eq!(buyer.rehearsal.as_deref(), Some("http://127.0.0.1:8400"));
}

#[test]
fn one_file_may_hold_both_halves() {
    let seller = "[pages]\nlisten = \"127.0.0.1:8400\"\npublic_url = \"http://127.0.0.1:8400\"\n\
                  [ovh]\nlisten = \"127.0.0.1:8401\"\n";
    let config = parse(&format!("{seller}{BUYER}")).expect("reads");
    assert_eq!((config.pages.is_some(), config.dialects.len(), config.buyer.providers.len()), (true, 1, 2));
}

#[test]
fn what_is_wrong_with_the_buyers_half_is_told_with_its_line() {
    let table = [
        // What is written, what is written instead, the line of it, what is said about it.
        ("[provider.ovh-work]", "[provider.OVH]", 2, "`OVH` is not a name of 1 to 40 lower-case letters"),
        (
            "api = \"ovh\"",
            "api = \"hetzner\"",
            3,
            "`hetzner` is not an API that can be called, those are `ovh`, `vpsbg`",
        ),
        ("api = \"ovh\"", "", 2, "missing field `api`"),
        ("vat = \"25\"", "vat = 25", 5, "expected a text in quotes"),
        ("vat = \"25\"", "vat = \"101\"", 5, "`101` is not a percentage"),
        ("profile = \"ovh-eu\"", "profiles = \"ovh-eu\"", 4, "unknown field `profiles`, expected one of `api`, `url`"),
        ("profile = \"ovh-eu\"", "token = \"hunter2\"", 4, "`token` would be a secret, and none belongs in this file"),
        ("profile = \"ovh-eu\"", "consumer_key = \"hunter2\"", 4, "`consumer_key` would be a secret"),
        (
            "profile = \"ovh-eu\"",
            "secrets_env = { nothing = \"hunter2\" }",
            2,
            "`nothing` under secrets_env is no credential",
        ),
        (
            "profile = \"ovh-eu\"",
            "secrets_env = { nothing = \"hunter-2\" }",
            4,
            "not the name of an environment variable",
        ),
        ("profile = \"ovh-eu\"", "secrets_env = \"hunter2\"", 4, "invalid type"),
        ("\"pass\", \"show\", \"cloud\"", "", 10, "it names no program"),
        ("\"pass\", \"show\", \"cloud\"", "\"/bin/echo\", \"hunter2\"", 10, "`echo` prints what it is given"),
        ("[\"pass\", \"show\", \"cloud\"]", "\"pass show hunter2\"", 10, "expected a list of words in brackets"),
        ("[\"cn-hangzhou\"]", "\"cn-hangzhou\"", 12, "expected a list of words in brackets"),
        ("[provider.ovh-work]", "[provider]", 3, "a section of its own in brackets, as in [provider.NAME]"),
        ("[[budget]]", "[budget]", 41, "expected [[budget]], in two brackets, as there may be several"),
        ("[quiet]", "[[quiet]]", 45, "expected [quiet], in one bracket, as there is only one"),
        ("[rehearsal]", "[[rehearsal]]", 50, "expected [rehearsal], in one bracket"),
        ("http://127.0.0.1:8404/", "http://api.example.net/", 9, "keys would be sent to api.example.net for everybody"),
        ("http://127.0.0.1:8404/", "example", 9, "this is not the address of an API"),
        ("requests_per_minute = 60", "requests_per_minute = 0", 13, "nonzero"),
        ("settles_in_s = 30", "settles_in_s = -1", 14, "-1"),
        ("provider = \"ovh-work\"\nkind", "provider = \"ovh\"\nkind", 17, "there is no section [provider.ovh]"),
        ("provider = \"ovh-work\"\nmonth", "provider = \"ovh\"\nmonth", 42, "there is no section [provider.ovh]"),
        ("kind = \"server\"", "kind = \"vps\"", 18, "`vps` is not a kind of service, those are `server`"),
        (
            "renew_before = \"P14D\"\nperiod",
            "renew_before = \"P1M\"\nperiod",
            21,
            "`P1M` is not a number of days or weeks",
        ),
        ("renew_before = \"P14D\"\nperiod", "period", 16, "add `renew_before`"),
        ("period = \"P1Y\"\n", "period = \"yearly\"\n", 22, "`yearly` is not a period of whole weeks"),
        ("period = \"P1Y\"\n", "", 16, "add `period`, such as \"P1Y\" or \"cheapest\", or `align_day`"),
        ("period = \"P1Y\"\n", "period = \"P1Y\"\nperiod_min = \"P1M\"\n", 16, "belong to `period = \"cheapest\"`"),
        ("period_min = \"P1M\"", "period_min = \"P105W\"", 26, "`period_min` is longer than `period_max`"),
        ("align_day = 12", "align_day = 32", 33, "32 is not a day of the month"),
        ("align_day = 12", "align_day = 12\nperiod = \"P1M\"", 33, "write one of them"),
        ("price_max = \"50 EUR\"", "price_max = \"50\"", 23, "`50` is not an amount with its currency"),
        ("price_max = \"50 EUR\"", "price_max = \"50.001 EUR\"", 23, "at most 2 decimals"),
        ("price_max = \"50 EUR\"", "price_max = \"50 EUX\"", 23, "`EUX` is not a known currency"),
        ("price_max = \"50 EUR\"", "price_max = \"-1 EUR\"", 23, "`-1 EUR` is not an amount"),
        ("mode = \"act\"", "mode = \"auto\"", 24, "`auto` is not a mode, those are `ask`, `act`, `never`"),
        ("mode = \"act\"", "modus = \"act\"", 24, "unknown field `modus`"),
        ("month = \"200 EUR\"", "", 41, "missing field `month`"),
        ("until = \"07:00\"", "until = \"7\"", 47, "`7` is not a time of day such as 22:00"),
        ("until = \"07:00\"", "until = \"22:00\"", 45, "are the same"),
        ("Europe/Sofia", "Bulgaria", 48, "`Bulgaria` is not a time zone"),
        (
            "http://127.0.0.1:8400/",
            "https://sandbox.example.net",
            51,
            "is not the address of a sandbox on this machine",
        ),
        ("[rehearsal]", "[rehersal]", 50, "unknown section `rehersal`, the sections are `store`, `pages`"),
    ];
    for (what, with, line, why) in table {
        assert!(BUYER.contains(what), "{what}");
        let error = parse(&BUYER.replacen(what, with, 1)).map(|_| ()).expect_err(with);
        let told = format!("{error:#}");
        assert!(told.contains(why) && told.contains(&format!("at line {line}")), "{with:?} at {line}: {told}");
        assert!(told.contains("hint: mend that") && !told.contains("hunter2") && !told.contains("hunter-2"), "{told}");
    }
}
