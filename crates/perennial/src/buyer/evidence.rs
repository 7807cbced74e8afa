//! Evidence: all that the ledger knows of one renewal, as documents.

use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use perennial_core::buyer::intent::{Intent, IntentId};
use perennial_core::buyer::remote::Ask;
use perennial_core::ports::Failure;
use perennial_store::{Filed, IntentFilter, Note, Records};
use serde_json::{Value, json};

use super::document;
use super::plan_file::digest;

/// What the balance is told with where others moved it as well.
const BESIDE: &str = "other renewals were in work at this account in the same span (`beside`): the balances show what \
                      they took as well, and this renewal took what `paid` says";

/// What is known of a renewal.
pub struct Evidence {
    /// The intent as it stands.
    pub intent: Intent,
    /// What happened to it, oldest first.
    pub notes: Vec<Note>,
    /// Other renewals that were in work at the same account in the same span: the balance shows what they took as well.
    pub beside: Vec<IntentId>,
}

impl Evidence {
    /// All that the ledger knows of an intent.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub fn read(books: &(dyn Records + Send + Sync), intent: Intent) -> Result<Self, Failure> {
        let notes = books.notes(&intent.id)?;
        let mut beside = Vec::new();
        if let Some((from, until)) = in_work(&intent, &notes) {
            for Filed { intent: other, .. } in books.intents(IntentFilter::Since(Timestamp::MIN))? {
                let may_be = other.id != intent.id
                    && other.key.provider == intent.key.provider
                    && other.watermark.as_ref().is_some_and(|mark| mark.at <= until);
                if may_be && in_work(&other, &books.notes(&other.id)?).is_some_and(|(_, ended)| from <= ended) {
                    beside.push(other.id);
                }
            }
        }
        Ok(Self { intent, notes, beside })
    }

    /// Its parts, by the names of their files.
    fn parts(&self, now: Timestamp) -> [(&'static str, Value); 8] {
        let intent = &self.intent;
        let receipt = intent.state.receipt();
        let placed = intent.state.order();
        let order = placed.map(|order| order.id.clone()).or_else(|| receipt?.order.clone());
        let invoice = placed.and_then(|order| order.invoice.clone()).or_else(|| receipt?.invoice.clone());
        let before = intent.watermark.as_ref().and_then(|mark| mark.balance);
        let until = document::until(&intent.state);
        [
            ("intent", document::intent(intent, now)),
            ("quote", document::offer(&intent.ask.offer)),
            ("request", request(&intent.ask)),
            ("order", json!({ "order": order, "unpaid": placed.map_or(Value::Null, document::order) })),
            ("invoice", json!({ "invoice": invoice })),
            (
                "balance",
                json!({
                    "before": intent.watermark.as_ref().map_or(Value::Null, document::watermark),
                    "balance_before": document::some_money(before),
                    "balance_after": document::some_money(receipt.and_then(|receipt| receipt.balance)),
                    "paid": document::some_money(receipt.and_then(|receipt| receipt.paid)),
                    "beside": self.beside.iter().map(|id| id.0.as_str()).collect::<Vec<_>>(),
                    "remark": (!self.beside.is_empty()).then_some(BESIDE),
                }),
            ),
            (
                "expiry",
                json!({
                    "old": intent.ask.fence.to_string(),
                    "expected": intent.ask.offer.until.to_string(),
                    "new": until.map(|until| until.to_string()),
                }),
            ),
            ("notes", self.notes.iter().map(document::note).collect()),
        ]
    }

    /// All of it as one document.
    pub fn document(&self, now: Timestamp) -> Value {
        let parts = self.parts(now).into_iter().map(|(name, part)| (name.to_owned(), part));
        document::line("evidence", Value::Object(parts.collect()))
    }

    /// Writes a folder of it, a file a part, at once or not at all.
    ///
    /// # Errors
    /// When the folder is there already, or cannot be made.
    pub fn write(&self, folder: &Path, now: Timestamp) -> anyhow::Result<()> {
        let doing = || format!("making {}", folder.display());
        if folder.exists() {
            bail!("{} exists already\nhint: name a folder that is to be made", folder.display());
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fresh = tempfile::Builder::new().prefix(".evidence-").tempdir_in(above).with_context(doing)?;
        for (name, part) in self.parts(now) {
            let document = document::line(name, part);
            std::fs::write(fresh.path().join(format!("{name}.json")), format!("{document:#}\n")).with_context(doing)?;
        }
        std::fs::rename(fresh.path(), folder).with_context(doing)?;
        // It has another name now, under which nothing is to be thrown away.
        let _ = fresh.keep();
        Ok(())
    }
}

/// From when to when an account's balance may show a renewal: from where its books stood before to the last that was seen.
/// None where nothing was sent.
fn in_work(intent: &Intent, notes: &[Note]) -> Option<(Timestamp, Timestamp)> {
    let from = intent.watermark.as_ref()?.at;
    Some((from, notes.last().map_or(from, |last| last.at).max(from)))
}

/// What was asked for, and a digest of all of it; the token that goes with it is in the digest alone.
fn request(ask: &Ask) -> Value {
    let asked = json!({
        "service": ask.service.as_str(),
        "service_kind": ask.kind.word(),
        "name": ask.name,
        "fence": ask.fence.to_string(),
        "offer": document::offer(&ask.offer),
    });
    let digest = digest(&document::with(asked.clone(), json!({ "token": ask.token })));
    document::with(asked, json!({ "digest": digest }))
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::intent::State;
    use perennial_core::buyer::remote::{Receipt, Watermark};

    use super::*;
    use crate::buyer::example::{self, euros};

    fn evidence() -> Evidence {
        let receipt = Receipt {
            order: Some("A1".to_owned()),
            invoice: Some("FR1".to_owned()),
            paid: Some(euros("10")),
            balance: Some(euros("90")),
            until: "2027-01-15".parse().ok(),
        };
        let at = "2026-12-01T00:00:05Z".parse().expect("is an instant");
        let mut intent = example::intent("ovh", "1", "10", State::Done(receipt));
        intent.ask.token = "s3cret-token".to_owned();
        intent.watermark = Some(Watermark { at, orders: vec!["A0".to_owned()], balance: Some(euros("100")) });
        let notes = vec![Note { at, state: "ordering".to_owned(), text: "the order is sent".to_owned() }];
        Evidence { intent, notes, beside: Vec::new() }
    }

    #[test]
    fn the_evidence_has_all_that_shows_a_renewal_and_no_token() {
        let now = "2026-12-02T00:00:00Z".parse().expect("is an instant");
        let document = evidence().document(now);
        let part = |name: &str, field: &str| document[name][field].clone();
        assert_eq!((&document["version"], &document["kind"]), (&json!(1), &json!("evidence")));
        assert_eq!(part("order", "order"), "A1");
        assert_eq!(part("invoice", "invoice"), "FR1");
        assert_eq!(part("balance", "balance_before")["amount"], "100.00");
        assert_eq!(part("balance", "balance_after")["amount"], "90.00");
        assert_eq!((part("expiry", "old"), part("expiry", "new")), (json!("2026-12-15"), json!("2027-01-15")));
        assert_eq!(document["notes"][0]["at"], "2026-12-01T00:00:05Z");
        assert!(part("request", "digest").as_str().expect("is text").starts_with("sha256:"));
        assert!(!document.to_string().contains("s3cret"), "{document}");
        assert!(document["balance"]["remark"].is_null());
        let beside = Evidence { beside: vec![IntentId("b2".to_owned())], ..evidence() }.document(now);
        assert_eq!(beside["balance"]["beside"], json!(["b2"]));
        assert!(beside["balance"]["remark"].as_str().is_some_and(|text| text.contains("what they took as well")));
    }

    #[test]
    fn another_request_has_another_digest() {
        let one = evidence();
        let mut other = evidence();
        other.intent.ask.offer.gross = euros("10.01");
        assert_ne!(request(&one.intent.ask)["digest"], request(&other.intent.ask)["digest"]);
    }

    #[test]
    fn a_folder_has_a_file_a_part_and_is_never_written_into() {
        let above = tempfile::tempdir().expect("is made");
        let folder = above.path().join("evidence");
        let now = "2026-12-02T00:00:00Z".parse().expect("is an instant");
        evidence().write(&folder, now).expect("writes");
        let mut names: Vec<_> = std::fs::read_dir(&folder)
            .expect("lists")
            .map(|file| file.expect("is there").file_name().into_string().expect("is text"))
            .collect();
        names.sort();
        let expected = ["balance", "expiry", "intent", "invoice", "notes", "order", "quote", "request"]
            .map(|name| format!("{name}.json"));
        assert_eq!(names, expected);
        let error = evidence().write(&folder, now).expect_err("is there");
        assert!(error.to_string().contains("exists already"), "{error}");
        assert_eq!(std::fs::read_dir(above.path()).expect("lists").count(), 1);
    }
}
