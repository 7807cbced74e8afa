//! Making plans: what is due, and what it costs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName};
use perennial_core::buyer::plan::{Due, Item, LeftOut, Plan, Reason, check, choose, due, month_of, within_budgets};
use perennial_core::buyer::policy::{Match, Mode, NativeToo, Policy, Rule, TermChoice};
use perennial_core::buyer::remote::{Length, Offer};
use perennial_store::HoldingFilter;

use super::side_by_side::side_by_side;
use super::{AT_ONCE, Buyer, BuyerError, Desk, Watcher};

/// What a plan is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// These accounts only; all that are configured where none are named.
    pub providers: Option<Vec<ProviderName>>,
}

/// A service that is due, with the rule that says so.
struct Candidate {
    holding: Holding,
    rule: Rule,
    lengths: Vec<Length>,
}

type Groups = BTreeMap<ProviderName, Vec<Candidate>>;

impl<D: Desk> Buyer<D> {
    /// What is due by the policy, priced. A service whose price cannot be read is left out with the reason.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn plan(&self, policy: &Policy, scope: &Scope, watcher: &dyn Watcher) -> Result<Plan, BuyerError> {
        let now = self.now();
        let (candidates, mut left_out) = self.candidates(policy, scope, policy.zone().date_of(now))?;
        let (of, done) = (candidates.values().map(Vec::len).sum(), AtomicUsize::new(0));
        watcher.priced(0, of);
        let done = &done;
        let price = move |candidate: Candidate| async move {
            let priced = self.price(candidate).await;
            watcher.priced(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), of);
            priced
        };
        let groups = candidates.into_values().map(|group| side_by_side(AT_ONCE, group.into_iter().map(price)));
        let mut items = Vec::new();
        for priced in side_by_side(usize::MAX, groups).await.into_iter().flatten() {
            match priced {
                Ok(item) => items.push(item),
                Err(left) => left_out.push(left),
            }
        }
        let spent = self.desk().spent(month_of(policy, now))?;
        let mut plan = within_budgets(policy, &spent, items)?;
        plan.left_out.append(&mut left_out);
        plan.left_out.sort_by(|left, right| {
            let order = |left: &LeftOut| (left.holding.stand.expires_at, left.holding.key.clone());
            order(left).cmp(&order(right))
        });
        Ok(plan)
    }

    async fn price(&self, candidate: Candidate) -> Result<Item, LeftOut> {
        let Candidate { holding, rule, lengths } = candidate;
        match self.offers_of(&holding, &lengths).await {
            Ok(offers) => choose(&rule, &holding, offers),
            Err(error) => Err(Reason::NoPrice(error.to_string())),
        }
        .map_err(|why| LeftOut { holding, why })
    }

    /// What is due, by account, and what is left out without asking for its price.
    fn candidates(&self, policy: &Policy, scope: &Scope, today: Date) -> Result<(Groups, Vec<LeftOut>), BuyerError> {
        let filter = HoldingFilter { provider: None, until_before: Some(policy.horizon(today)) };
        let (mut found, mut left_out) = (Groups::new(), Vec::new());
        let mut last: Option<Holding> = None;
        loop {
            let page = self.desk().holdings(&filter, last.as_ref())?;
            let Some(end) = page.last() else { return Ok((found, left_out)) };
            last = Some(end.clone());
            for holding in page {
                let provider = &holding.key.provider;
                let is_meant = scope.providers.as_ref().is_none_or(|providers| providers.contains(provider));
                let Some(remote) = self.remotes().get(provider).filter(|_| is_meant) else { continue };
                let habits = remote.habits();
                // The ledger is asked only about what is due.
                if due(today, policy, &holding, habits, None) == Due::Not {
                    continue;
                }
                let on_file = self.desk().on_file(&holding.key, holding.stand.until)?;
                match due(today, policy, &holding, habits, on_file.as_ref()) {
                    Due::Not => {}
                    Due::LeftOut(why) => left_out.push(LeftOut { holding, why }),
                    Due::Yes { rule, lengths } => {
                        let group = found.entry(provider.clone()).or_default();
                        group.push(Candidate { holding, rule: rule.clone(), lengths });
                    }
                }
            }
        }
    }

    /// One service for one length, whatever the policy says about when and for how long. Its price limit and the budgets
    /// hold.
    ///
    /// # Errors
    /// [`BuyerError`]; inside, the reason why it cannot be planned.
    pub async fn plan_one(
        &self,
        policy: &Policy,
        key: &HoldingKey,
        length: Length,
    ) -> Result<Result<Item, Reason>, BuyerError> {
        let holding = self.known(key)?;
        let remote = self.remote(&key.provider)?;
        let on_file = self.desk().on_file(key, holding.stand.until)?;
        let term = match length {
            Length::Period(period) => TermChoice::Fixed(period),
            Length::ToDay(_) if !remote.habits().aligns => return Ok(Err(Reason::CannotAlign)),
            Length::ToDay(day) => TermChoice::ToDay(day),
        };
        let unruled = || Rule {
            matches: Match::default(),
            renew_before_days: 0,
            term,
            price_max: None,
            mode: Mode::Ask,
            // A person asks, and no policy of ours would come as well.
            native: NativeToo::Accept,
        };
        let rule = policy.rule_for(&holding).map_or_else(unruled, |rule| Rule { term, ..rule.clone() });
        match check(policy.zone().date_of(self.now()), &holding, rule.native, on_file.as_ref()) {
            // The provider was to, and has not: a person who asks for it may.
            Ok(()) | Err(Reason::NativeLapsed { .. }) => {}
            Err(why) => return Ok(Err(why)),
        }
        let offers = self.offers_of(&holding, &[length]).await?;
        let item = match choose(&rule, &holding, offers) {
            Ok(item) => item,
            Err(why) => return Ok(Err(why)),
        };
        let spent = self.desk().spent(month_of(policy, self.now()))?;
        let plan = within_budgets(policy, &spent, vec![item])?;
        Ok(match (plan.items.into_iter().next(), plan.left_out.into_iter().next()) {
            (Some(item), _) => Ok(item),
            (None, Some(left)) => Err(left.why),
            (None, None) => Err(Reason::NotOffered),
        })
    }

    /// Prices of a service, nothing else.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub async fn offers(&self, key: &HoldingKey, lengths: &[Length]) -> Result<Vec<Offer>, BuyerError> {
        self.offers_of(&self.known(key)?, lengths).await
    }

    async fn offers_of(&self, holding: &Holding, lengths: &[Length]) -> Result<Vec<Offer>, BuyerError> {
        Ok(self.remote(&holding.key.provider)?.offers(holding, lengths).await?)
    }
}
