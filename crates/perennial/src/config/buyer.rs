//! The buyer's half of the file: accounts at providers, the policy, and what to rehearse against.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::PathBuf;

use jiff::civil::Time;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::policy::{Budget, Match, Mode, NativeToo, Policy, Quiet, Rule, TermChoice};
use perennial_core::calendar::{AnchorDay, Period, Zone};
use perennial_core::money::{Money, Rate};
use perennial_core::product::Kind;
use perennial_providers::Dialect;
pub use perennial_providers::call::is_loopback;
use serde::de::{DeserializeSeed, Error};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::checked::checked;
use super::secret::is_secret;
use super::shape::words;
use super::text::{ApiUrl, Days, PeriodWish, Program, Text, bare};
pub use super::text::{FromText, Variable, check_program, check_url};

/// When a service that is left to end is told, where the rule says nothing.
const NEVER_DUE: Days = Days(14);

/// What we rent elsewhere, and what is to be done about it.
#[derive(Clone, Default)]
pub struct BuyerConfig {
    /// Our accounts, by the names that we gave them.
    pub providers: BTreeMap<ProviderName, ProviderConfig>,
    /// What we decided.
    pub policy: Policy,
    /// The sandbox whose clock is followed, `http://127.0.0.1:8400`; absent for real accounts.
    pub rehearsal: Option<String>,
}

/// An account at a provider.
#[derive(Clone)]
pub struct ProviderConfig {
    /// Whose API it is.
    pub api: &'static Dialect,
    /// The API's address; absent for the provider's own, or what goes with the credentials.
    pub url: Option<String>,
    /// The section or profile of the provider's own files.
    pub profile: Option<String>,
    /// A program that prints the credentials.
    pub secret_command: Option<Vec<String>>,
    /// The environment variables that hold credentials, by the credentials' names.
    pub secrets_env: BTreeMap<String, String>,
    /// The certificate of the authority that is trusted instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// What to pay with, in the provider's words.
    pub pay_with: Option<String>,
    /// The regions to look in.
    pub regions: Vec<String>,
    /// The tax that comes on top of quotes, where the provider's quotes tell none; absent where nobody has said so.
    pub vat: Option<Rate>,
    /// How many requests a minute are made at the most.
    pub requests_per_minute: Option<NonZeroU32>,
    /// How long what was done may stay out of sight, in seconds.
    pub settles_in_s: Option<u32>,
}

/// `[provider.NAME]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderSection {
    api: Text<&'static Dialect>,
    url: Option<Text<ApiUrl>>,
    profile: Option<String>,
    secret_command: Option<Program>,
    #[serde(default)]
    secrets_env: BTreeMap<String, Text<Variable>>,
    ca_file: Option<PathBuf>,
    pay_with: Option<String>,
    #[serde(default, deserialize_with = "words")]
    regions: Vec<String>,
    vat: Option<Text<Rate>>,
    requests_per_minute: Option<NonZeroU32>,
    settles_in_s: Option<u32>,
}

impl<'de> Deserialize<'de> for ProviderConfig {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let section: ProviderSection =
            checked("a section of its own in brackets, as in [provider.NAME]", no_secret).deserialize(given)?;
        let Text(api) = section.api;
        let fields = api.call.fields.iter().map(|field| field.name);
        if let Some(name) = section.secrets_env.keys().find(|name| fields.clone().all(|field| field != name.as_str())) {
            let fields = fields.collect::<Vec<_>>().join("`, `");
            let own = api.name;
            return Err(Error::custom(format!(
                "`{name}` under secrets_env is no credential of {own}'s, those are `{fields}`"
            )));
        }
        Ok(Self {
            api,
            url: section.url.map(|Text(url)| url.0),
            profile: section.profile,
            secret_command: section.secret_command.map(|program| program.0),
            secrets_env: bare(section.secrets_env).into_iter().map(|(name, variable)| (name, variable.0)).collect(),
            ca_file: section.ca_file,
            pay_with: section.pay_with,
            regions: section.regions,
            vat: section.vat.map(|Text(rate)| rate),
            requests_per_minute: section.requests_per_minute,
            settles_in_s: section.settles_in_s,
        })
    }
}

/// Refuses a key that looks like that of a secret.
fn no_secret(key: &str) -> Result<(), String> {
    if !is_secret(key) || ["secret_command", "secrets_env"].contains(&key) {
        return Ok(());
    }
    Err(format!(
        "`{key}` would be a secret, and none belongs in this file: name a program that prints it (`secret_command`), or \
         the environment variable that holds it (`secrets_env`), or keep it where the provider's own programs look for it"
    ))
}

/// `[[rule]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSection {
    provider: Option<Spanned<Text<ProviderName>>>,
    kind: Option<Text<Kind>>,
    name: Option<String>,
    tag: Option<String>,
    renew_before: Option<Text<Days>>,
    period: Option<Text<PeriodWish>>,
    period_min: Option<Text<Period>>,
    period_max: Option<Text<Period>>,
    align_day: Option<i8>,
    price_max: Option<Text<Money>>,
    mode: Option<Text<Mode>>,
    native: Option<Text<NativeToo>>,
}

impl RuleSection {
    /// The rule, and where it names an account; else what is wrong with it as a whole.
    fn settle(self) -> Result<(Rule, Option<Named>), String> {
        let mode = self.mode.as_ref().map_or(Mode::Ask, |Text(mode)| *mode);
        let Days(renew_before_days) = match &self.renew_before {
            Some(Text(days)) => *days,
            None if mode == Mode::Never => NEVER_DUE,
            None => {
                return Err("the rule does not say when a service is due: add `renew_before`, such as \"P14D\"".into());
            }
        };
        let term = term(&self, mode)?;
        let named = self.provider.map(Named::of);
        let matches = Match {
            provider: named.as_ref().map(|named| named.provider.clone()),
            kind: self.kind.map(|Text(kind)| kind),
            name: self.name,
            tag: self.tag,
        };
        let price_max = self.price_max.map(|Text(price)| price);
        let native = self.native.map_or_else(NativeToo::default, |Text(native)| native);
        Ok((Rule { matches, renew_before_days, term, price_max, mode, native }, named))
    }
}

/// For how long a rule renews.
fn term(section: &RuleSection, mode: Mode) -> Result<TermChoice, String> {
    let (min, max) = (section.period_min.as_ref().map(|text| text.0), section.period_max.as_ref().map(|text| text.0));
    let has_limits = min.is_some() || max.is_some();
    match (&section.period, section.align_day) {
        (Some(_), Some(_)) => Err("`period` and `align_day` both say for how long: write one of them".to_owned()),
        (Some(Text(PeriodWish::Cheapest)), None) => {
            if min.zip(max).is_some_and(|(min, max)| is_longer(min, max)) {
                return Err("`period_min` is longer than `period_max`, so that no period would do".to_owned());
            }
            Ok(TermChoice::Cheapest { min, max })
        }
        _ if has_limits => Err("`period_min` and `period_max` belong to `period = \"cheapest\"`".to_owned()),
        (Some(Text(PeriodWish::Fixed(period))), None) => Ok(TermChoice::Fixed(*period)),
        (None, Some(day)) => AnchorDay::new(day).map(TermChoice::ToDay).map_err(|error| error.to_string()),
        (None, None) if mode == Mode::Never => Ok(TermChoice::Cheapest { min: None, max: None }),
        (None, None) => {
            Err("the rule does not say for how long a service is renewed: add `period`, such as \"P1Y\" or \
                             \"cheapest\", or `align_day`"
                .to_owned())
        }
    }
}

/// Whether a period is longer than another one, counted in days of mean length.
fn is_longer(period: Period, other: Period) -> bool {
    /// 400 years are 4,800 months and 146,097 days.
    const fn share(period: Period) -> u64 {
        match period {
            Period::Months(months) => months.get() as u64 * 146_097,
            Period::Weeks(weeks) => weeks.get() as u64 * 7 * 4_800,
        }
    }
    share(period) > share(other)
}

/// `[[budget]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetSection {
    provider: Option<Spanned<Text<ProviderName>>>,
    month: Text<Money>,
}

/// `[quiet]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietSection {
    from: Text<Time>,
    until: Text<Time>,
    zone: Text<Zone>,
}

/// `[quiet]`.
#[derive(Deserialize)]
#[serde(try_from = "QuietSection")]
pub(super) struct QuietHours(Quiet);

impl TryFrom<QuietSection> for QuietHours {
    type Error = &'static str;

    fn try_from(section: QuietSection) -> Result<Self, Self::Error> {
        let (Text(from), Text(until), Text(zone)) = (section.from, section.until, section.zone);
        if from == until {
            return Err("`from` and `until` are the same, which leaves open whether it is never quiet or always");
        }
        Ok(Self(Quiet { from, until, zone }))
    }
}

/// `[rehearsal]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RehearsalSection {
    sandbox: Text<SandboxUrl>,
}

/// The address of a sandbox's pages.
#[derive(Debug)]
struct SandboxUrl(String);

impl FromText for SandboxUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        let bare = text.strip_suffix('/').unwrap_or(text);
        let is_here =
            super::is_origin(bare) && bare.parse::<http::Uri>().is_ok_and(|url| url.host().is_some_and(is_loopback));
        if is_here {
            Ok(Self(bare.to_owned()))
        } else {
            Err(format!("`{text}` is not the address of a sandbox on this machine, such as http://127.0.0.1:8400"))
        }
    }
}

/// An account that is named somewhere in the file, and where.
#[derive(Debug)]
struct Named {
    provider: ProviderName,
    at: Range<usize>,
}

impl Named {
    fn of(given: Spanned<Text<ProviderName>>) -> Self {
        let at = given.span();
        Self { provider: given.into_inner().0, at }
    }
}

/// Something that is wrong at a place of the file, and can be seen only once all of it was read.
#[derive(Debug)]
pub(super) struct Misplaced {
    /// Which bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub why: String,
}

/// The buyer's sections, as they were read.
#[derive(Default)]
pub(super) struct BuyerSections {
    pub providers: BTreeMap<Text<ProviderName>, ProviderConfig>,
    pub rules: Vec<Spanned<RuleSection>>,
    pub budgets: Vec<BudgetSection>,
    pub quiet: Option<QuietHours>,
    pub rehearsal: Option<RehearsalSection>,
}

impl BuyerSections {
    /// What they come to.
    ///
    /// # Errors
    /// The first rule that cannot be, or the first name that nothing has.
    pub fn settle(self) -> Result<BuyerConfig, Misplaced> {
        let providers: BTreeMap<_, _> = self.providers.into_iter().map(|(Text(name), config)| (name, config)).collect();
        let mut named = Vec::new();
        let mut policy = Policy { quiet: self.quiet.map(|hours| hours.0), ..Policy::default() };
        for section in self.rules {
            let at = section.span();
            let (rule, name) = section.into_inner().settle().map_err(|why| Misplaced { at, why })?;
            policy.rules.push(rule);
            named.extend(name);
        }
        for BudgetSection { provider, month: Text(month) } in self.budgets {
            let provider = provider.map(Named::of);
            policy.budgets.push(Budget { provider: provider.as_ref().map(|named| named.provider.clone()), month });
            named.extend(provider);
        }
        if let Some(Named { provider, at }) = named.into_iter().find(|named| !providers.contains_key(&named.provider)) {
            let why = format!("there is no section [provider.{provider}], so this would hold for nothing");
            return Err(Misplaced { at, why });
        }
        Ok(BuyerConfig { providers, policy, rehearsal: self.rehearsal.map(|section| section.sandbox.0.0) })
    }
}
