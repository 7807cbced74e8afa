//! Plan files: a plan that was made, shown and is to be applied later, just so.
//!
//! JSON, with a digest over all of it: a file that was edited is refused, whole items taken out included (`--only` picks
//! some, and a plan is quickly made anew). The digest keeps mistakes out, not forgers: whoever may write the file may
//! write another one, and what it says is checked at the provider before anything is paid. There is no secret in it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::plan::{Item, Plan};
use perennial_core::buyer::policy::Mode;
use perennial_core::buyer::remote::Offer;
use perennial_core::calendar::{Period, parse_date};
use perennial_core::product::Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::document::{self, VERSION, parse_length, parse_money};

/// How far ahead of ours the clock of whoever made a plan may be.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(1);

/// A plan, when and on which ledger it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// When.
    pub made_at: Timestamp,
    /// On which ledger, as it is named without its password.
    pub ledger: String,
    /// What is to be renewed.
    pub items: Vec<Item>,
}

/// Why a plan file is not applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is something else.
    #[error("it is not a plan: {0}\nhint: `perennial plan -o FILE` makes one")]
    NotAPlan(String),
    /// Another version of the program made it.
    #[error("it is a plan of version {found}, and this program knows version {VERSION}\nhint: make the plan anew")]
    Version {
        /// What it says.
        found: String,
    },
    /// It is not as it was written.
    #[error("it was changed since it was made\nhint: make the plan anew; `--only SERVICE` applies a part of one")]
    Edited,
    /// It was made on another ledger.
    #[error("it was made on the ledger {made_on}, and this is {here}\nhint: make the plan anew on this one")]
    OtherLedger {
        /// On which.
        made_on: String,
        /// Which one this is.
        here: String,
    },
    /// It is too old.
    #[error("it was made at {made_at}, longer ago than {hours} hours\nhint: make the plan anew")]
    TooOld {
        /// When it was made.
        made_at: Timestamp,
        /// How old it may be, in whole hours.
        hours: i64,
    },
    /// It was made at an instant to come.
    #[error("it was made at {made_at}, which is to come\nhint: look at this machine's clock")]
    ToCome {
        /// When it was made.
        made_at: Timestamp,
    },
}

impl PlanFile {
    /// The file's text.
    pub fn render(&self, plan: &Plan) -> String {
        let body = json!({
            "version": VERSION,
            "kind": "plan",
            "made_at": self.made_at.to_string(),
            "ledger": self.ledger,
            "items": self.items.iter().map(item).collect::<Vec<_>>(),
            "left_out": plan.left_out.iter().map(document::left_out).collect::<Vec<_>>(),
        });
        let signed = document::with(body.clone(), json!({ "digest": digest(&body) }));
        format!("{signed:#}\n")
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`PlanFileError::NotAPlan`], [`PlanFileError::Version`], [`PlanFileError::Edited`].
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let not = |error: String| PlanFileError::NotAPlan(error);
        let mut document: Value = serde_json::from_str(text).map_err(|error| not(error.to_string()))?;
        if document["kind"] != "plan" {
            return Err(not("`kind` is not `plan`".to_owned()));
        }
        if document["version"] != VERSION {
            return Err(PlanFileError::Version { found: document["version"].to_string() });
        }
        let signed = document.as_object_mut().and_then(|fields| fields.remove("digest"));
        if signed != Some(digest(&document).into()) {
            return Err(PlanFileError::Edited);
        }
        // The digest fits, so this program wrote it, and what is wrong with it is not a person's mistake.
        let read: Body = serde_json::from_value(document).map_err(|error| not(error.to_string()))?;
        let items = read.items.into_iter().map(Entry::into_item).collect::<anyhow::Result<_>>();
        Ok(Self {
            made_at: read.made_at.parse().map_err(|error: jiff::Error| not(error.to_string()))?,
            ledger: read.ledger,
            items: items.map_err(|error| not(format!("{error:#}")))?,
        })
    }

    /// Checks that it may be applied here and now.
    ///
    /// # Errors
    /// [`PlanFileError::OtherLedger`], [`PlanFileError::TooOld`], [`PlanFileError::ToCome`].
    pub fn check(&self, now: Timestamp, age_max: SignedDuration, ledger: &str) -> Result<(), PlanFileError> {
        let made_at = self.made_at;
        let age = now.duration_since(made_at);
        if self.ledger != ledger {
            Err(PlanFileError::OtherLedger { made_on: self.ledger.clone(), here: ledger.to_owned() })
        } else if age < -AHEAD_MAX {
            Err(PlanFileError::ToCome { made_at })
        } else if age > age_max {
            Err(PlanFileError::TooOld { made_at, hours: age_max.as_hours() })
        } else {
            Ok(())
        }
    }
}

/// Writes a file at once or not at all, over another one only where that is asked for.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn write(path: &Path, text: &str, over: Over) -> anyhow::Result<()> {
    let doing = || format!("writing {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".plan-").tempfile_in(folder).with_context(doing)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(doing)?;
    match over {
        Over::Replace => drop(file.persist(path).map_err(|error| error.error).with_context(doing)?),
        Over::Refuse => match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("{} exists already\nhint: `--force` replaces it", path.display())
            }
            Err(error) => return Err(error.error).with_context(doing),
        },
    }
    Ok(())
}

/// What is done about a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It is replaced.
    Replace,
    /// Nothing is written.
    Refuse,
}

/// SHA-256 over a document; how it is spaced and in which order its fields stand does not count.
pub fn digest(document: &Value) -> String {
    let digest = Sha256::digest(document.to_string().as_bytes());
    let hex: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

/// All that an item is made of.
fn item(item: &Item) -> Value {
    let holding = &item.holding;
    let blocked = match &holding.stand.standing {
        Standing::Renewable => None,
        Standing::Blocked(why) => Some(why),
    };
    let more = json!({
        "tags": holding.tags,
        "parent": holding.parent.as_ref().map(RemoteId::as_str),
        "period": holding.period.map(|period| period.to_string()),
        "blocked": blocked,
    });
    document::with(document::item(item), more)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "version")]
    _version: u64,
    #[serde(rename = "kind")]
    _kind: String,
    made_at: String,
    ledger: String,
    items: Vec<Entry>,
    #[serde(rename = "left_out")]
    _left_out: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "service")]
    _service: String,
    provider: String,
    id: String,
    name: String,
    label: Option<String>,
    service_kind: String,
    tags: Vec<String>,
    parent: Option<String>,
    period: Option<String>,
    fence: String,
    expires_at: String,
    blocked: Option<String>,
    native: String,
    mode: String,
    offer: Offered,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offered {
    period: String,
    net: Value,
    tax: Value,
    gross: Value,
    discount: Option<Value>,
    until: String,
    remarks: Vec<String>,
}

impl Entry {
    fn into_item(self) -> anyhow::Result<Item> {
        let word = |what: &'static str, word: &str| anyhow!("`{word}` is no {what}");
        let key = HoldingKey { provider: ProviderName::parse(&self.provider)?, id: RemoteId::parse(&self.id)? };
        let stand = Stand {
            until: parse_date(&self.fence)?,
            expires_at: self.expires_at.parse()?,
            standing: self.blocked.map_or(Standing::Renewable, Standing::Blocked),
            native: Native::from_word(&self.native).ok_or_else(|| word("native renewal", &self.native))?,
        };
        let holding = Holding {
            key,
            kind: Kind::from_word(&self.service_kind).ok_or_else(|| word("kind", &self.service_kind))?,
            name: self.name,
            label: self.label,
            tags: self.tags,
            parent: self.parent.as_deref().map(RemoteId::parse).transpose()?,
            stand,
            period: self.period.as_deref().map(Period::parse).transpose()?,
        };
        let mode = Mode::from_word(&self.mode).ok_or_else(|| word("mode", &self.mode))?;
        Ok(Item { holding, offer: self.offer.into_offer()?, mode })
    }
}

impl Offered {
    fn into_offer(self) -> anyhow::Result<Offer> {
        Ok(Offer {
            length: parse_length(&self.period)?,
            net: parse_money(&self.net)?,
            tax: parse_money(&self.tax)?,
            gross: parse_money(&self.gross)?,
            discount: self.discount.as_ref().map(parse_money).transpose()?,
            until: parse_date(&self.until)?,
            remarks: self.remarks,
        })
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::plan::{LeftOut, Reason};

    use super::*;
    use crate::buyer::example;

    fn file(items: Vec<Item>) -> (PlanFile, Plan) {
        let left_out = vec![LeftOut { holding: example::holding("ovh", "9", "2027-01-31"), why: Reason::NativeToo }];
        let made_at = "2026-11-22T12:00:00Z".parse().expect("is an instant");
        let plan = Plan { items: items.clone(), left_out };
        (PlanFile { made_at, ledger: "/var/lib/perennial.db".to_owned(), items }, plan)
    }

    fn some_items() -> Vec<Item> {
        let plain = example::item("ovh", "1", "2027-01-31", "45.44");
        let mut full = example::item("aliyun-cn", "i-bp1", "2026-12-15", "7.57");
        full.holding.label = Some("die \"große\" Kiste".to_owned());
        full.holding.tags = vec!["env=prod".to_owned()];
        full.holding.parent = Some(RemoteId::parse("i-bp0").expect("is an id"));
        full.holding.period = Period::months(3);
        full.holding.stand.native = Native::Untold;
        full.holding.stand.standing = Standing::Blocked("locked".to_owned());
        full.offer.length = parse_length("to day 31").expect("is a length");
        full.offer.discount = Some(full.offer.gross);
        full.offer.remarks = vec!["coupon used".to_owned()];
        full.mode = Mode::Act;
        vec![plain, full]
    }

    #[test]
    fn a_plan_reads_as_it_was_written() {
        for items in [Vec::new(), some_items()] {
            let (file, plan) = file(items);
            assert_eq!(PlanFile::parse(&file.render(&plan)).expect("reads"), file);
        }
    }

    #[test]
    fn how_a_plan_is_spaced_does_not_count() {
        let (file, plan) = file(some_items());
        let document: Value = serde_json::from_str(&file.render(&plan)).expect("is JSON");
        assert_eq!(PlanFile::parse(&document.to_string()).expect("reads"), file);
    }

    #[test]
    fn no_edit_is_taken() {
        let (file, plan) = file(some_items());
        let text = file.render(&plan);
        let edit = |change: &dyn Fn(&mut Value)| {
            let mut document: Value = serde_json::from_str(&text).expect("is JSON");
            change(&mut document);
            PlanFile::parse(&document.to_string()).expect_err("was edited").to_string()
        };
        let edits: [&dyn Fn(&mut Value); 7] = [
            &|plan| plan["items"][0]["offer"]["gross"]["amount"] = json!("45.45"),
            &|plan| plan["items"][0]["fence"] = json!("2027-02-28"),
            &|plan| drop(plan["items"].as_array_mut().expect("is a list").remove(0)),
            &|plan| plan["made_at"] = json!("2026-11-23T12:00:00Z"),
            &|plan| plan["ledger"] = json!("/other.db"),
            &|plan| plan["more"] = json!(1),
            &|plan| drop(plan.as_object_mut().expect("is a document").remove("digest")),
        ];
        for change in edits {
            assert!(edit(change).contains("it was changed since it was made"));
        }
    }

    #[test]
    fn another_version_and_other_files_are_told() {
        let (file, plan) = file(some_items());
        let newer = file.render(&plan).replace("\"version\": 1", "\"version\": 2");
        let told = |text: &str| PlanFile::parse(text).expect_err("is no plan").to_string();
        assert!(told(&newer).contains("a plan of version 2, and this program knows version 1"), "{}", told(&newer));
        for text in ["", "{}", "[]", "null", "renew all", "{\"kind\": \"item\", \"version\": 1}"] {
            assert!(told(text).contains("it is not a plan"), "{text:?}: {}", told(text));
        }
    }

    #[test]
    fn a_plan_is_applied_soon_and_on_its_own_ledger() {
        let (file, _) = file(Vec::new());
        let day = SignedDuration::from_hours(24);
        let check = |now: &str, ledger: &str| {
            let now = now.parse().expect("is an instant");
            file.check(now, day, ledger).map_err(|error| error.to_string())
        };
        let here = "/var/lib/perennial.db";
        for now in ["2026-11-22T11:59:00Z", "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"] {
            assert_eq!(check(now, here), Ok(()), "{now}");
        }
        for (now, ledger, why) in [
            ("2026-11-23T12:00:01Z", here, "longer ago than 24 hours"),
            ("2026-11-22T11:58:59Z", here, "which is to come"),
            ("2026-11-22T12:00:00Z", "postgres://me@db/x", "made on the ledger /var/lib/perennial.db, and this is"),
        ] {
            let told = check(now, ledger).expect_err(why);
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("plan.json");
        write(&path, "one", Over::Refuse).expect("writes");
        let error = write(&path, "two", Over::Refuse).expect_err("is there");
        assert!(error.to_string().contains("--force"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("reads"), "one");
        write(&path, "two", Over::Replace).expect("writes");
        assert_eq!(std::fs::read_to_string(&path).expect("reads"), "two");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1, "nothing is left lying about");
    }
}
