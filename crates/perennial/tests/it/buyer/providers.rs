//! Accounts: the configuration that `init` makes, accounts that are added, listed and tested.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{Buyer, sandbox, urls};
use crate::cli::fields;
use crate::shop::Run;

#[test]
fn a_configuration_is_made_once_and_is_in_order() {
    let buyer = Buyer::nobody();
    buyer.run(&["provider", "list"]).failed(1, "hint: `perennial init` makes one");
    let made = buyer.run(&["init"]).done();
    assert!(made.stdout.is_empty() && made.stderr.starts_with("wrote perennial.toml\n"), "{made:?}");
    let listed = buyer.run(&["provider", "list"]).done();
    assert!(listed.stderr.contains("there are no accounts\nhint: `perennial provider add"), "{listed:?}");
    assert!(!std::path::Path::new(&buyer.path("perennial.db")).exists(), "looking makes nothing");
    buyer.run(&["sync"]).failed(1, "perennial.toml has no account at any provider");

    buyer.write("perennial.toml", "# mine\n");
    buyer.run(&["init"]).failed(1, "perennial.toml is there already\nhint: `--config FILE` names another one");
    assert_eq!(buyer.config(), "# mine\n");
    let [document] = buyer.json(&["init", "--config", "deep/er/other.toml"]).try_into().unwrap();
    assert_eq!(document, json!({ "file": "deep/er/other.toml" }));
    buyer.run(&["init", "--config", "perennial.toml/x"]).failed(1, "making the folder perennial.toml");
}

#[test]
fn the_configuration_is_here_or_in_the_users_folder() {
    let buyer = Buyer::nobody();
    let account = |name: &str| format!("[provider.{name}]\napi = \"ovh\"\n");
    let named = |more: &[(&str, String)]| -> Vec<Value> {
        let mut command = buyer.command(&["--json", "provider", "list"]);
        let run = Run::of(&command.envs(more.iter().cloned()).output().unwrap()).done();
        let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()["provider"].clone();
        run.stdout.lines().map(line).collect()
    };
    std::fs::create_dir_all(buyer.path("home/.config/perennial")).unwrap();
    std::fs::create_dir_all(buyer.path("xdg/perennial")).unwrap();
    buyer.write("home/.config/perennial/perennial.toml", &account("home"));
    buyer.write("xdg/perennial/perennial.toml", &account("xdg"));
    buyer.write("named.toml", &account("named"));
    let xdg = ("XDG_CONFIG_HOME", buyer.path("xdg"));
    assert_eq!(named(&[]), ["home"]);
    assert_eq!(named(std::slice::from_ref(&xdg)), ["xdg"]);
    buyer.write("perennial.toml", &account("here"));
    assert_eq!(named(std::slice::from_ref(&xdg)), ["here"]);
    assert_eq!(named(&[xdg, ("PERENNIAL_CONFIG", "named.toml".to_owned())]), ["named"]);
}

#[test]
fn what_cannot_be_called_is_told_and_nothing_is_written() {
    let buyer = Buyer::with("[provider.ovh]\napi = \"ovh\"\n");
    let add = |args: &[&str]| buyer.run(&[&["provider", "add"], args].concat());
    add(&["ovh", "--api", "ovh"]).failed(1, "there is a provider `ovh` in perennial.toml already");
    add(&["OVH", "--api", "ovh"]).failed(2, "is not a name of 1 to 40");
    add(&["new", "--api", "hetzner"]).failed(2, "ovh, vpsbg, hostup, aliyun");
    add(&["new", "--api", "ovh", "--secret-env", "hunter2"]).failed(2, "write CREDENTIAL=VARIABLE");
    add(&["new", "--api", "ovh", "--url", "http://api.example.net"])
        .failed(2, "error: --url: keys would be sent to api.example.net");
    let run = add(&["new", "--api", "vpsbg", "--secret-command", "echo", "hunter2"]);
    assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("TOML"), "{run:?}");
    run.failed(2, "error: --secret-command: `echo` prints what it is given");
    add(&["new", "--api", "ovh"]).failed(1, "getting ready to call `new`");
    let run = add(&["new", "--api", "ovh", "--secret-command", "sh", "-c", "echo hunter2; exit 1"]);
    assert!(!run.stderr.contains("hunter2"), "{run:?}");
    run.failed(1, "the secrets command of `new`, `sh`, failed: exit status: 1");
    assert_eq!(buyer.config(), "[provider.ovh]\napi = \"ovh\"\n");

    let tested = buyer.run(&["provider", "test"]);
    assert!(tested.code == 1 && tested.stdout.is_empty(), "{tested:?}");
    assert!(tested.stderr.starts_with("ovh cannot be called\nerror: getting ready to call `ovh`\n"), "{tested:?}");
    buyer
        .run(&["provider", "test", "ovhh"])
        .failed(2, "there is no provider `ovhh` in perennial.toml\nhint: did you mean");
    buyer.run(&["sync", "ohv"]).failed(2, "there is no provider `ohv`");
}

#[test]
fn a_wrong_configuration_is_told_with_what_fits_the_command() {
    let buyer = Buyer::with("[store]\npath = \"x.db\"\n\n[budget]\nmonth = \"200 EUR\"\n");
    let run = buyer.run(&["plan"]);
    assert!(run.stderr.contains("4 | [budget]") && run.stderr.contains("expected [[budget]], in two"), "{run:?}");
    let hint = "hint: mend that, and see with `perennial provider list` if all is in order\n";
    assert!(run.stderr.ends_with(hint), "{run:?}");
}

#[test]
fn a_rehearsal_never_meets_a_real_account() {
    let sandbox = sandbox();
    let rehearsal = format!("[rehearsal]\nsandbox = \"{}\"\n", sandbox.pages());
    let buyer = Buyer::with(&format!("{rehearsal}[provider.real]\napi = \"vpsbg\"\n"));
    let mut command = buyer.command(&["provider", "test"]);
    let run = Run::of(&command.env("VPSBG_TOKEN", "nothing").stdin(Stdio::null()).output().unwrap());
    assert!(
        run.code == 1 && run.stderr.contains("[rehearsal] follows the clock of a sandbox, and `real` is at https"),
        "{run:?}"
    );
    drop(sandbox);
    buyer.run(&["plan"]).failed(1, "hint: `perennial sandbox` starts it");
    buyer.write("perennial.toml", &format!("[store]\npath = \"perennial.db\"\n{}", buyer.config()));
    for args in [&["list"][..], &["status"], &["provider", "list"]] {
        let run = buyer.run(args).done();
        assert!(
            run.stderr.starts_with("warning: times are by this machine's clock, as the sandbox's is not"),
            "{run:?}"
        );
    }
}

#[test]
fn accounts_are_added_once_they_have_answered_and_once_each() {
    let sandbox = sandbox();
    let before = format!("# kept as it is\n[rehearsal]\nsandbox = \"{}\" # no line break here", sandbox.pages());
    let mut buyer = Buyer::with(&before);
    buyer.env = sandbox.env().unwrap();
    for (api, url) in urls(&sandbox) {
        let [added] = buyer.json(&["provider", "add", api, "--api", api, "--url", &url]).try_into().unwrap();
        assert_eq!(fields(&added), ["account", "api", "file", "kind", "lacks", "provider", "version"]);
        assert_eq!((&added["provider"], &added["lacks"]), (&json!(api), &json!([])), "{added}");
    }
    assert!(buyer.config().starts_with(&before), "{}", buyer.config());
    let (_, ovh) = &urls(&sandbox)[0];
    let again = buyer.run(&["provider", "add", "twice", "--api", "ovh", "--url", ovh]);
    again.failed(1, "this account is there already, as `ovh`: both have the service");
    // Credentials of another account are found where the section says.
    buyer.env.insert("OTHER".to_owned(), "demo-vpsbg-other-222222222222222222222222".to_owned());
    let (_, vpsbg) = &urls(&sandbox)[1];
    let other = ["provider", "add", "other", "--api", "vpsbg", "--url", vpsbg, "--secret-command", "printenv", "OTHER"];
    buyer.run(&other).done();
    let answers = buyer.json(&["provider", "test"]);
    let names: Vec<_> = answers.iter().map(|answer| answer["provider"].as_str().unwrap()).collect();
    assert_eq!(names, ["aliyun", "hostup", "other", "ovh", "vpsbg"]);
    for answer in &answers {
        assert!(answer["error"].is_null() && answer["account"].is_string(), "{answer}");
        assert!(answer["ahead_s"].is_null() || answer["ahead_s"].as_i64().unwrap().abs() <= 5, "{answer}");
    }
    // What the account will not have is a flag as long as there is no section.
    let wrong = ["provider", "add", "third", "--api", "ovh", "--url", ovh, "--pay-with", "sea shells"];
    buyer.run(&wrong).failed(2, "error: --pay-with: `pay_with` cannot be `sea shells`");
    // One that is wrong keeps nobody else from being tested.
    buyer.env.insert("OTHER".to_owned(), "no-such-token".to_owned());
    let run = buyer.run(&["provider", "test"]);
    assert!(run.code == 1 && run.stdout.contains("vpsbg") && run.stderr.contains("other cannot be called"), "{run:?}");
    assert!(!run.stderr.contains("no-such-token"), "{run:?}");
}

#[test]
fn an_address_that_was_found_is_kept_and_a_sandbox_whose_clock_is_not_followed_is_warned_of() {
    let sandbox = sandbox();
    let mut buyer = Buyer::with("[store]\npath = \"perennial.db\"\n");
    buyer.env = sandbox.env().unwrap();
    let warning =
        |names: &str| format!("warning: what is due at {names} is told by this machine's clock\nhint: where a sandbox");
    for (api, url) in urls(&sandbox) {
        let added = buyer.run(&["provider", "add", api, "--api", api]).done();
        assert!(added.stderr.contains(&warning(api)), "{added:?}");
        let kept = url.strip_suffix("/api/v2").unwrap_or(&url);
        assert!(buyer.config().contains(&format!("url = \"{kept}")), "{kept}: {}", buyer.config());
    }
    for variable in ["OVH_ENDPOINT", "VPSBG_URL", "HOSTUP_URL", "ALIYUN_ENDPOINT"] {
        buyer.env.insert(variable.to_owned(), "https://elsewhere.example".to_owned());
    }
    buyer.run(&["provider", "test"]).done();
    let planned = buyer.run(&["plan", "-o", "plan.json"]).done();
    assert!(planned.stderr.contains(&warning("aliyun, hostup, ovh, vpsbg")), "{planned:?}");
    assert!(planned.stderr.contains("\nnothing is due\n"), "{planned:?}");
    assert!(planned.stderr.contains("written to plan.json; there is nothing in it to renew"), "{planned:?}");

    buyer.write("perennial.toml", &format!("{}\n[rehearsal]\nsandbox = \"{}\"\n", buyer.config(), sandbox.pages()));
    let planned = buyer.run(&["plan", "--no-sync"]).done();
    assert!(!planned.stderr.contains("warning"), "{planned:?}");
    let named = buyer.run(&["quote", "no-such-service"]);
    named.failed(2, "there is no service `no-such-service`");
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named() {
    let sandbox = perennial_testkit::Sandbox::options(env!("CARGO_BIN_EXE_perennial")).tls().start().unwrap();
    let mut buyer = Buyer::with("");
    buyer.env = sandbox.env().unwrap();
    let (_, url) = &urls(&sandbox)[1];
    let add = ["provider", "add", "vpsbg", "--api", "vpsbg", "--url", url];
    buyer.run(&add).failed(1, "certificate");
    let authority = sandbox.ca_file().unwrap().to_str().unwrap().to_owned();
    buyer.run(&[add.as_slice(), &["--ca-file", &authority]].concat()).done();
    buyer.run(&["provider", "test"]).done();
    // Without `ca_file`, the machine's authorities hold, wherever it keeps them.
    buyer.write("perennial.toml", &format!("[provider.vpsbg]\napi = \"vpsbg\"\nurl = \"{url}\"\n"));
    let output = buyer.command(&["provider", "test"]).env("SSL_CERT_FILE", &authority).output().unwrap();
    Run::of(&output).done();
}
