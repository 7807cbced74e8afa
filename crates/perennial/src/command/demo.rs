//! `perennial demo`: a sandbox and a buyer in it, from the first look to a second renewal.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};
use clap::Args;
use perennial_providers::DIALECTS;

use crate::buyer::rehearsal;
use crate::output;
use crate::sandbox::demo::{self, Addresses};
use crate::sandbox::{self, Options};

/// See it work: a sandbox of four providers, and everything that is due there renewed, once
///
/// Starts the sandbox, adds its four accounts as providers, reads what they rent, lists it, plans, applies, audits, moves
/// the clock on and does it again; then keeps the pages open. Each step is a command that you can run yourself, and is
/// shown with what it prints. No money moves, and it listens on loopback only.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Keep configuration, plan and ledgers in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The first of five neighbouring ports
    #[arg(long, value_name = "PORT", default_value_t = demo::PORT_BASE,
          value_parser = clap::value_parser!(u16).range(1..=65_531))]
    port_base: u16,
    /// End when all is shown, instead of keeping the pages open
    #[arg(long)]
    exit: bool,
}

/// By how much the clock is moved before the second round: past the first expiry of what is paid by the month, and, however
/// long the month is, not as near the next one as the providers order it by themselves.
const LATER: &str = "P36D";

/// What the buyer is to do about the demo's services. Some providers have no call that switches their own automatic renewal
/// off; there it stays on.
const POLICY: &str = r#"
[[rule]]                     # the first rule that matches a service holds for it
provider = "demo-hostup"
kind = "domain"
renew_before = "P30D"
period = "P1Y"
price_max = "250 SEK"        # for one renewal, tax included
mode = "act"

[[rule]]
kind = "domain"
renew_before = "P30D"
period = "P1Y"
price_max = "20 EUR"
mode = "act"

[[rule]]
kind = "hosting"
renew_before = "P30D"
period = "P1Y"
native = "accept"            # what the provider renews by itself as well is renewed all the same
mode = "act"

[[rule]]
kind = "server"
renew_before = "P30D"
period = "P1M"
native = "accept"
mode = "act"

[[rule]]
renew_before = "P30D"
period = "cheapest"          # a day
period_max = "P1M"
mode = "act"

[[budget]]
month = "500 EUR"            # in a calendar month, tax included
"#;

/// Runs the demo.
///
/// # Errors
/// When the sandbox cannot start, or a step ends in another way than it should.
pub fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("perennial-demo-").tempdir().context("making a folder")?),
    };
    let folder = temporary.as_ref().map_or_else(|| args.data.unwrap_or_default(), |folder| folder.path().to_owned());
    let sandbox = folder.join("sandbox");
    std::fs::create_dir_all(&sandbox).with_context(|| format!("making the folder {}", sandbox.display()))?;
    let addresses = Addresses { port_base: args.port_base, scheme: "http" };
    let options =
        Options { data: sandbox, addresses, now: None, tls: None, seed_services: 0, seed_demo: 0, schedule: true };
    let story = Story { folder, addresses };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        let (tell, told) = tokio::sync::oneshot::channel();
        let served = sandbox::run(options, move |_| {
            // Nobody is left to hear it when the story is over.
            let _ = tell.send(());
        });
        let shown = async {
            // Where the sandbox cannot start, it says so itself.
            if told.await.is_err() {
                return std::future::pending().await;
            }
            tokio::task::spawn_blocking(move || story.tell()).await.context("telling the story")??;
            if !args.exit {
                say(&format!(
                    "\nThat was it. The sellers' pages are at {}: customer number `{}`, password `{}`. Ctrl-C ends it.",
                    addresses.pages(),
                    demo::OVH.account,
                    demo::PAGE_PASSWORD,
                ))?;
                std::future::pending::<()>().await;
            }
            Ok(())
        };
        tokio::select! {
            ended = served => ended,
            ended = shown => ended,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Tells the story where the steps print.
fn say(words: &str) -> anyhow::Result<()> {
    output::lines([words])
}

/// What is shown, step by step: each a command in a process of its own, as anybody would run it.
struct Story {
    folder: PathBuf,
    addresses: Addresses,
}

impl Story {
    fn tell(&self) -> anyhow::Result<()> {
        let config = self.folder.join("perennial.toml");
        ensure!(!config.exists(), "{} is there already\nhint: choose another folder for `--data`", config.display());
        std::fs::write(&config, self.configuration()).with_context(|| format!("writing {}", config.display()))?;
        say(&format!(
            "A sandbox of four providers is ready on loopback; no money moves. The buyer's files are in {}.",
            self.folder.display()
        ))?;
        self.step("The four accounts, and what is on them to pay with.", &["provider", "test"])?;
        self.step("Everything that is rented there goes into one inventory.", &["sync"])?;
        self.step("What expires within 30 days, soonest first.", &["list", "--expiring", "P30D"])?;
        self.step(
            "What would be renewed. The providers renew it by themselves as well: a conflict, unless a rule accepts it.",
            &["plan", "--no-sync"],
        )?;
        self.step(
            "So their own renewal is switched off where we take over.",
            &["native", "off", "example.ovh", "--yes"],
        )?;
        for service in ["vps112233.ovh.net", "example.se", "i-bp67acfmxazb4p0001"] {
            self.step("", &["native", "off", service, "--yes"])?;
        }
        self.step("Now the plan, kept in a file to be reviewed.", &["plan", "-o", "plan.json"])?;
        self.step("What was reviewed is applied: just that, or nothing.", &["apply", "plan.json", "--yes"])?;
        self.step("Applied again, nothing is paid twice.", &["apply", "plan.json", "--yes"])?;
        self.step("The books: ours, and against what the providers charged.", &["audit", "--providers"])?;
        say(&format!("\nThe sandbox's clock moves on by {LATER}: what is paid by the month is due again.\n"))?;
        self.move_clock()?;
        self.step("", &["plan"])?;
        self.step("", &["apply", "--yes"])?;
        let audit = ["audit", "--providers"];
        self.step("The books again: what the rules leave alone, the providers have renewed by themselves.", &audit)?;
        self.step("And the money that the year ahead asks for.", &["forecast", "--months", "12"])?;
        Ok(())
    }

    /// What a person would have in `perennial.toml`.
    fn configuration(&self) -> String {
        let mut text = format!(
            "# Four accounts of the sandbox. Their credentials are in the environment: perennial sandbox --print-env\n\
             \n[store]\npath = \"perennial.db\"\n\n[rehearsal]\nsandbox = \"{}\"        # its clock is followed\n",
            self.addresses.pages()
        );
        for (offset, dialect) in (1..).zip(&DIALECTS) {
            let (name, url) = (dialect.name, self.addresses.dialect(offset));
            let account = format!(
                "\n[provider.demo-{name}]\napi = \"{name}\"\nurl = \"{url}{}\"\nrequests_per_minute = 6000\nsettles_in_s = 2\n",
                dialect.root
            );
            text.push_str(&account);
            if name == perennial_providers::hostup::PROVIDER {
                text.push_str("vat = \"25\"                   # its quotes tell no tax\n");
            }
        }
        text.push_str(POLICY);
        text
    }

    fn move_clock(&self) -> anyhow::Result<()> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
        runtime.block_on(rehearsal::advance(&self.addresses.pages(), LATER))
    }

    /// Runs a command and shows it, with what it prints.
    fn step(&self, words: &str, args: &[&str]) -> anyhow::Result<()> {
        if !words.is_empty() {
            say(&format!("\n{words}"))?;
        }
        say(&format!("$ perennial {}", args.join(" ")))?;
        let binary = std::env::current_exe().context("finding the program")?;
        let mut command = Command::new(binary);
        command.args(args).current_dir(&self.folder).stdin(Stdio::null());
        for (name, value) in self.addresses.environment() {
            command.env(name, value);
        }
        // The addresses are in the configuration.
        for name in
            ["OVH_ENDPOINT", "VPSBG_URL", "HOSTUP_URL", "ALIYUN_ENDPOINT", "PERENNIAL_CONFIG", "PERENNIAL_DATABASE"]
        {
            command.env_remove(name);
        }
        let status = command.status().with_context(|| format!("running perennial {}", args.join(" ")))?;
        // 12: something that is due is left out, which is told and belongs to the story.
        let is_told = status.success() || status.code() == Some(12);
        ensure!(is_told, "`perennial {}` ended with {status}", args.join(" "));
        Ok(())
    }
}
