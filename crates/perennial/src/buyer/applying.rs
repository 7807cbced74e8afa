//! Applying: open intents are carried on first; then items are checked against the policy and the ledger, taken on, and
//! carried out. Whether all that was planned still holds at the provider, the carrier checks right before it pays.

use std::sync::Arc;
use std::time::Duration;

use perennial_core::buyer::intent::{Intent, IntentId};
use perennial_core::buyer::plan::{Item, OnFile, month_of, within_budgets};
use perennial_core::buyer::policy::{Mode, Policy, Rule, TermChoice};
use perennial_core::buyer::remote::Length;
use perennial_core::buyer::{plan, plan::Reason};
use perennial_core::ports::Clock;
use perennial_engine::buyer::{Buyer, Watcher};
use perennial_store::{Added, Filed, IntentFilter};

use super::Office;
use super::ending::{Ending, EndsAs};
use super::planning::Twins;
use super::telling::{Became, Told};
use crate::output;

/// Carries renewals out.
pub struct Applying<'a> {
    /// The ledger and the accounts.
    buyer: &'a Buyer,
    /// What was decided, and by which names accounts are known.
    office: &'a Office,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long an intent is waited for, in all.
    patience: Duration,
    /// Told what is going on.
    watcher: &'a dyn Watcher,
}

/// What items are checked against before they are taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The policy as it is now: the plan may be older.
    Policy,
    /// What is on file alone: the plan was just made by the policy.
    OnFile,
}

impl<'a> Applying<'a> {
    /// By an office's policy and clock.
    pub fn of(office: &'a Office, buyer: &'a Buyer, patience: Duration, watcher: &'a dyn Watcher) -> Self {
        Self { buyer, office, clock: office.clock(), patience, watcher }
    }

    /// Carries on what is open, of those that are meant: what nobody knows the outcome of is read back.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn carry_on(&self, is_meant: impl Fn(&Intent) -> bool) -> anyhow::Result<Vec<Told>> {
        let mut open = self.buyer.books().intents(IntentFilter::Open)?;
        open.retain(|filed| is_meant(&filed.intent));
        // An account that cannot be called is left alone; its intents keep what they are.
        let (ours, others): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|filed| self.buyer.remote(&filed.intent.key.provider).is_ok());
        let ids: Vec<_> = ours.into_iter().map(|filed| filed.intent.id).collect();
        let mut told = self.carry(&ids).await?;
        for Filed { intent, .. } in others {
            let provider = &intent.key.provider;
            let why = if self.office.providers().contains_key(provider) {
                format!("`{provider}` cannot be called")
            } else {
                format!("`{provider}` is not in {}", self.office.file().display())
            };
            let notes = self.buyer.books().notes(&intent.id)?;
            let mut each = Told::of(intent, true).noted(&notes);
            each.trouble = Some(each.trouble.map_or_else(|| why.clone(), |seen| format!("{seen}; {why}")));
            told.push(each);
        }
        Ok(told)
    }

    /// Takes items on and carries them out.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn apply(&self, items: Vec<Item>, check: Check) -> anyhow::Result<Vec<Told>> {
        let (items, mut told) = self.sift(items, check)?;
        let mut ids = Vec::new();
        for item in items {
            match self.buyer.take_on(&item).await {
                Ok(added) => match self.taken_on(&item, added)? {
                    Ok(id) => ids.push(id),
                    Err(became) => told.push(Told::about(&item.holding, became)),
                },
                Err(error) => {
                    let why = output::in_one_line(&error.into());
                    told.push(Told::about(&item.holding, Became::Failed(why)));
                }
            }
        }
        told.extend(self.carry(&ids).await?);
        Ok(told)
    }

    /// Keeps the items that may be taken on, and tells of the others.
    fn sift(&self, items: Vec<Item>, check: Check) -> anyhow::Result<(Vec<Item>, Vec<Told>)> {
        let books = self.buyer.books();
        let twins = Twins::new(self.office, books)?;
        let policy = self.office.policy();
        let (mut kept, mut told) = (Vec::new(), Vec::new());
        for item in items {
            let became = match books.on_file(&item.holding.key, item.holding.stand.until)? {
                Some(OnFile::Renewed(id)) => Err(Became::Before(id)),
                Some(OnFile::Open(id)) => Err(Became::LeftOut(Reason::Open(id))),
                None => match twins.reason(&item.holding)? {
                    Some(why) => Err(Became::LeftOut(why)),
                    None if check == Check::Policy => allowed(policy, &item),
                    None => Ok(()),
                },
            };
            match became {
                Ok(()) => kept.push(item),
                Err(became) => told.push(Told::about(&item.holding, became)),
            }
        }
        if check == Check::Policy {
            let spent = books.spent(month_of(policy, self.clock.now()))?;
            let plan = within_budgets(policy, &spent, kept)?;
            told.extend(plan.left_out.into_iter().map(|left| Told::about(&left.holding, Became::LeftOut(left.why))));
            kept = plan.items;
        }
        Ok((kept, told))
    }

    /// The intent to carry out, now that one is on file.
    fn taken_on(&self, item: &Item, added: Added) -> anyhow::Result<Result<IntentId, Became>> {
        let on_file = self.buyer.books().on_file(&item.holding.key, item.holding.stand.until)?;
        Ok(match (added, on_file) {
            (_, Some(OnFile::Open(id))) => Ok(id),
            (_, Some(OnFile::Renewed(id))) => Err(Became::Before(id)),
            // Another one for the service is open, from another expiry.
            (Added::Known(id), None) => Err(Became::LeftOut(Reason::Open(id))),
            (Added::New, None) => Err(Became::Failed("it was taken on, and another process has settled it".to_owned())),
        })
    }

    /// Carries intents out, and tells how each stands then.
    async fn carry(&self, ids: &[IntentId]) -> anyhow::Result<Vec<Told>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut carried = match self.buyer.carry_all(ids, self.patience, self.watcher).await {
            Ok(carried) => carried,
            Err(error) => {
                tracing::error!("renewals could not be carried out: {}", output::in_one_line(&error.into()));
                Vec::new()
            }
        };
        let mut told = Vec::with_capacity(ids.len());
        for id in ids {
            let place = carried.iter().position(|(carried, _)| carried == id);
            let ours = place.and_then(|place| carried.swap_remove(place).1);
            // Where it was not carried to an end, the ledger knows how far it came.
            let each = match ours {
                Some(intent) => Told::of(intent, true),
                None => Told::of(self.on_file(id)?, false),
            };
            // Without its notes, what became of it is still told.
            told.push(each.noted(&self.buyer.books().notes(id).unwrap_or_default()));
        }
        Ok(told)
    }

    fn on_file(&self, id: &IntentId) -> Result<perennial_core::buyer::intent::Intent, EndsAs> {
        let lost = |why: String| EndsAs {
            ending: Ending::Unknown,
            why: format!("nobody knows what became of intent {id}: {why}\nhint: `perennial status {id}` tells later"),
        };
        match self.buyer.books().find_intent(&id.0) {
            Ok(Some(filed)) => Ok(filed.intent),
            Ok(None) => Err(lost("it is not on file".to_owned())),
            Err(failure) => Err(lost(output::in_one_line(&failure.into()))),
        }
    }
}

/// Whether the policy as it is now lets an item be renewed. Its period may have changed since the plan was looked at; its
/// limits hold.
fn allowed(policy: &Policy, item: &Item) -> Result<(), Became> {
    let rule = policy.rule_for(&item.holding).ok_or(Became::NoRule)?;
    if rule.mode == Mode::Never {
        return Err(Became::LeftOut(Reason::Never));
    }
    let term = match item.offer.length {
        Length::Period(period) => TermChoice::Fixed(period),
        Length::ToDay(day) => TermChoice::ToDay(day),
    };
    let rule = Rule { term, ..rule.clone() };
    plan::choose(&rule, &item.holding, vec![item.offer.clone()]).map(|_| ()).map_err(Became::LeftOut)
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::policy::{Match, NativeToo};
    use perennial_core::money::Money;

    use super::*;
    use crate::buyer::example::{self, euros};
    use crate::buyer::forecast::a_month;

    fn rule(mode: Mode, price_max: Option<Money>) -> Rule {
        let (matches, term) =
            (Match { name: Some("vps1*".to_owned()), ..Match::default() }, TermChoice::Fixed(a_month()));
        Rule { matches, renew_before_days: 14, term, price_max, mode, native: NativeToo::Conflict }
    }

    #[test]
    fn a_plan_is_held_to_the_policy_of_today() {
        let item = example::item("ovh", "1", "2026-12-15", "10");
        let year = Item { offer: example::offer(&item.holding, "P1Y", "10"), ..item.clone() };
        let told = |rules: Vec<Rule>, item: &Item| {
            let policy = Policy { rules, ..Policy::default() };
            match allowed(&policy, item) {
                Ok(()) => "allowed".to_owned(),
                Err(Became::LeftOut(reason)) => reason.to_string(),
                Err(other) => format!("{other:?}"),
            }
        };
        assert_eq!(told(vec![], &item), "NoRule");
        assert_eq!(told(vec![rule(Mode::Ask, None)], &item), "allowed");
        assert_eq!(told(vec![rule(Mode::Ask, None)], &year), "allowed", "a period is what a person has looked at");
        assert_eq!(told(vec![rule(Mode::Never, None)], &item), "the policy leaves it to end");
        assert_eq!(told(vec![rule(Mode::Act, Some(euros("10")))], &item), "allowed");
        let dear = "it costs 10.00 EUR, and the policy allows 9.99 EUR";
        assert_eq!(told(vec![rule(Mode::Act, Some(euros("9.99")))], &item), dear);
    }
}
