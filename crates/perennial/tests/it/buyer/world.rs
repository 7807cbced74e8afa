//! A buyer of a test's own: a sandbox that plays all four providers, a proxy before each, a configuration, and the real
//! binary.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use perennial_providers::DIALECTS;
use perennial_testkit::{Env, Proxy, Sandbox, http};
use serde_json::{Value, json};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// What a rule says of a provider's services: the demo's periods, and when they are due.
const POLICY: &str = r#"
[[rule]]
name = "mail-1"              # locked: it cannot be renewed
mode = "never"

[[rule]]
kind = "domain"
renew_before = "P30D"
period = "P1Y"
mode = "act"
native = "accept"

[[rule]]
kind = "hosting"
renew_before = "P30D"
period = "P1Y"
mode = "act"
native = "accept"

[[rule]]
renew_before = "P30D"
period = "P1M"
mode = "act"
native = "accept"
"#;

/// A service of the demo at a provider, for whoever needs one of each.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The provider, as it is configured.
    pub provider: &'static str,
    /// How the service is named on the command line.
    pub service: &'static str,
    /// Its number in the sandbox's ledger.
    pub number: i64,
    /// The period it is renewed for.
    pub period: &'static str,
    /// The operations that cost money, as faults name them.
    pub paying: &'static [&'static str],
}

/// One service of each provider.
pub const SAMPLES: [Sample; 4] = [
    Sample { provider: "ovh", service: "vps112233.ovh.net", number: 112_233, period: "P1M", paying: &["renew", "pay"] },
    Sample { provider: "vpsbg", service: "debian-2gb", number: 3321, period: "P1M", paying: &["renew", "pay"] },
    Sample { provider: "hostup", service: "srv1.example.se", number: 5201, period: "P1M", paying: &["renew", "pay"] },
    Sample { provider: "aliyun", service: "i-bp67acfmxazb4p0001", number: 6001, period: "P1M", paying: &["renew"] },
];

/// A buyer's world.
pub struct World {
    /// The providers.
    pub sandbox: Sandbox,
    /// What stands before each.
    pub proxies: BTreeMap<&'static str, Proxy>,
    folder: TempDir,
    environment: Env,
}

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Done {
    /// The exit code; none where it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it told.
    pub stderr: String,
}

impl Done {
    /// That it ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// An order to arm a fault, to be given when the time has come.
pub struct FaultOrder {
    url: String,
    order: Value,
}

impl FaultOrder {
    /// Arms it.
    pub fn give(&self) {
        let reply = http::post_json(&self.url, &self.order).expect("answers");
        assert!(reply.status < 300, "{}", reply.text());
    }
}

impl World {
    /// A world with the demo's services, all four providers and a policy that renews everything within 30 days.
    pub fn new() -> Self {
        Self::with(POLICY)
    }

    /// A world with another policy.
    pub fn with(policy: &str) -> Self {
        let sandbox = Sandbox::start(BINARY).expect("starts");
        let folder = tempfile::tempdir().expect("makes a folder");
        let environment = sandbox.env().expect("prints");
        let mut proxies = BTreeMap::new();
        let mut text = format!("[store]\npath = \"ledger.db\"\n\n[rehearsal]\nsandbox = \"{}\"\n", sandbox.pages());
        for (port, dialect) in (sandbox.port_base() + 1..).zip(&DIALECTS) {
            let proxy = Proxy::before(format!("127.0.0.1:{port}")).expect("listens");
            let (name, root) = (dialect.name, dialect.root);
            write!(
                text,
                "\n[provider.{name}]\napi = \"{name}\"\nurl = \"http://{}{root}\"\nrequests_per_minute = 600000\n\
                 settles_in_s = 1\n",
                proxy.address()
            )
            .expect("writes");
            if name == "hostup" {
                text.push_str("vat = \"25\"\n");
            }
            proxies.insert(name, proxy);
        }
        text.push_str(policy);
        std::fs::write(folder.path().join("perennial.toml"), text).expect("writes");
        Self { sandbox, proxies, folder, environment }
    }

    /// Sets a variable for all that is run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// What a variable is for all that is run.
    pub fn variable(&self, name: &str) -> String {
        self.environment[name].clone()
    }

    /// A file beside the configuration.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// A command of the binary, with nothing of the environment that it does not need.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(self.folder.path()).env_clear().envs(&self.environment);
        // Addresses are the proxies'.
        for name in ["OVH_ENDPOINT", "VPSBG_URL", "HOSTUP_URL", "ALIYUN_ENDPOINT"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Done {
        Self::ended(self.spawn(args))
    }

    /// Starts the binary.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("starts")
    }

    /// What a started one came to.
    pub fn ended(child: Child) -> Done {
        let output = child.wait_with_output().expect("ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The order to arm a fault for one call.
    pub fn order_of(&self, provider: &str, operation: &str, fault: &str) -> FaultOrder {
        let order = json!({ "provider": provider, "operation": operation, "fault": fault, "count": 1 });
        FaultOrder { url: format!("{}/_sandbox/faults", self.sandbox.pages()), order }
    }

    /// The paid spans of a service, by the sandbox's own ledger: the truth.
    pub fn extensions(&self, number: i64) -> Vec<(String, String)> {
        let ledger = self.sandbox.ledger().expect("tells");
        let findings = &ledger["audit"]["findings"];
        assert_eq!(findings, &json!([]), "the books balance");
        let all = ledger["extensions"].as_array().expect("is a list").iter();
        let of_service = all.filter(|extension| extension["service"] == number);
        let text = |value: &Value| value.as_str().expect("is a date").to_owned();
        of_service.map(|extension| (text(&extension["from"]), text(&extension["until"]))).collect()
    }
}
