//! `/support`: the account's support plan. Buying one is documented; of the rest only the methods are.

use http::{Method, StatusCode};
use perennial_core::calendar::Period;
use perennial_core::command::{Action, BuyRequest, FirstTerm, NewService};
use perennial_core::ids::ServiceId;
use perennial_core::ports::BoxFuture;
use perennial_core::product::{Catalogue, Kind, Product};
use perennial_core::snapshot::Snapshot;

use super::addon::OPEN_S;
use super::found::{Found, Standing, load_families, minimum_billing_cycle};
use super::order::{order_of, render};
use super::renew::{period_for, place, request};
use super::server::{ending, reason};
use super::{Context, Row};
use crate::common::bearer::Answer;
use crate::secret::order_password;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{SupportRenewRequest, SupportRequest};
use crate::vpsbg::wire::server::CancelServer;

pub(super) const ROWS: &[Row] = &[
    Row::act(Method::POST, "/support", "buy-support", buy),
    Row::act(Method::POST, "/support/renew", "renew", renew).inferred(),
    Row::act(Method::POST, "/support/cancel", "cancel-support", cancel).inferred(),
    Row::act(Method::DELETE, "/support/cancel", "reinstate-support", reinstate).inferred(),
];

/// The word under which tokens of purchases are kept.
const BUY: &str = "buy-support";

fn buy<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked = context.body()?;
        let reply = match context.answered_before(BUY)? {
            Some(reply) => reply,
            None => context.submit_once(BUY, purchase(context, &asked)?).await?,
        };
        let order = order_of(reply)?;
        Ok(Answer::json(&render(context, &order)?)?.with_status(StatusCode::CREATED))
    })
}

/// What buys the plan that is asked for. An account has one support plan at a time (inferred).
fn purchase(context: &Context<'_>, asked: &SupportRequest) -> Result<Action, Failure> {
    let account = context.account();
    let seen = load(context)?;
    let product = plan_named(&seen.catalogue, &asked.plan)
        .ok_or_else(|| Failure::invalid("plan", "The selected plan does not exist."))?;
    let period = period_for(asked.billing_cycle, minimum_billing_cycle(product, account.currency))?;
    if current(context, &seen).is_some() {
        return Err(Failure::refused("The account has a support plan already."));
    }
    Ok(buying(product, period))
}

fn plan_named<'a>(catalogue: &'a Catalogue, plan: &str) -> Option<&'a Product> {
    let code = format!("support-{plan}");
    catalogue.products.values().find(|product| product.kind == Kind::Support && product.code == code)
}

fn buying(product: &Product, period: Period) -> Action {
    let plan = NewService {
        product: product.id,
        parent: None,
        name: product.code.clone(),
        first: FirstTerm::For(period),
        period,
        facts: std::collections::BTreeMap::new(),
    };
    let request = BuyRequest { items: vec![plan], promo: None, open_s: OPEN_S };
    Action::Buy { request, password: order_password() }
}

/// Loads the account's support plans, and its open orders.
fn load(context: &Context<'_>) -> Result<Snapshot, Failure> {
    load_families(context, context.ports.books.service_ids(context.account().id, Some(Kind::Support))?)
}

/// The support plan that the account has or has ordered: the newest, where there are several.
fn current<'a>(context: &'a Context<'a>, seen: &'a Snapshot) -> Option<Found<'a>> {
    let plans = Found::all(context, seen, Kind::Support);
    plans.into_iter().rfind(|plan| plan.standing != Standing::Terminated)
}

/// The account's support plan.
fn named(context: &Context<'_>) -> Result<ServiceId, Failure> {
    let seen = load(context)?;
    current(context, &seen).map(|plan| plan.service.id).ok_or_else(Failure::not_found)
}

fn renew<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let SupportRenewRequest { billing_cycle } = context.body()?;
        let seen = load(context)?;
        let request = {
            let plan = current(context, &seen).ok_or_else(Failure::not_found)?;
            let period = period_for(billing_cycle, plan.minimum_billing_cycle())?;
            request(context, &seen, vec![plan.service.id], period, None)
        };
        let order = place(context, request).await?;
        Ok(Answer::json(&render(context, &order)?)?)
    })
}

/// Takes the same body as cancelling a server (inferred).
fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let asked: CancelServer = context.body()?;
        let (reason, ending) = (reason(asked.reason)?, ending(asked.now));
        context.submit(Action::Cancel { service: named(context)?, reason, ending }).await?;
        Ok(Answer::nothing())
    })
}

fn reinstate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        context.submit(Action::Reinstate { service: named(context)? }).await?;
        Ok(Answer::nothing())
    })
}
