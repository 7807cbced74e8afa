//! `/me/paymentMean`: the registered methods as the API showed them before `/me/payment/method`, a route a kind, and the
//! credit line.

use jiff::civil;
use perennial_core::account::Account;
use perennial_core::command::Action;
use perennial_core::ids::MethodId;
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::ports::BoxFuture;

use super::super::context::{Answer, Context};
use super::method::{all, check_description, is_default, usable};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::payment_mean::{
    BankAccount, BankAccountState, CreditCard, CreditCardState, Deferred, DeferredState, PaymentMeanUpdate, Paypal,
    PaypalState,
};
use crate::ovh::wire::scalar::Date;

/// When a card ends whose end is not on file: the model has no word for never.
const NEVER: civil::Date = civil::Date::MAX;

/// A kind of registered method that has routes of its own here.
#[derive(Clone, Copy)]
pub(super) enum Mean {
    BankAccount,
    CreditCard,
    Paypal,
}

impl Mean {
    const fn kind(self) -> MethodKind {
        match self {
            Self::BankAccount => MethodKind::BankTransfer,
            Self::CreditCard => MethodKind::Card,
            Self::Paypal => MethodKind::PayPal,
        }
    }
}

/// The methods of a kind that were not taken away; the old states have no word for those.
fn of_kind(context: &Context<'_>, mean: Mean) -> Result<Vec<PaymentMethod>, Failure> {
    let mut methods = all(context)?;
    methods.retain(|method| method.kind == mean.kind() && method.status == MethodStatus::Valid);
    Ok(methods)
}

/// The method of a kind that the path names; one of another kind is unknown here.
fn named(context: &Context<'_>, mean: Mean) -> Result<PaymentMethod, Failure> {
    let id = MethodId(context.id("id")?);
    let found = of_kind(context, mean)?.into_iter().find(|method| method.id == id);
    found.ok_or_else(|| context.no_object("id"))
}

pub(super) fn list(context: &Context<'_>, mean: Mean) -> Result<Answer, Failure> {
    let ids: Vec<_> = of_kind(context, mean)?.into_iter().map(|method| method.id.0).collect();
    Answer::json(&ids)
}

pub(super) fn bank_accounts(context: &Context<'_>) -> Result<Answer, Failure> {
    let state = context.query.word("state", BankAccountState::parse)?;
    let mut ids = Vec::new();
    for method in of_kind(context, Mean::BankAccount)? {
        let held = bank_account_state(usable(context, &method)?);
        if state.is_none_or(|state| state == held) {
            ids.push(method.id.0);
        }
    }
    Answer::json(&ids)
}

pub(super) fn object(context: &Context<'_>, mean: Mean) -> Result<Answer, Failure> {
    let method = named(context, mean)?;
    let usable = usable(context, &method)?;
    match mean {
        Mean::BankAccount => Answer::json(&bank_account(context.account()?, method, usable)),
        Mean::CreditCard => Answer::json(&credit_card(method, usable)),
        Mean::Paypal => Answer::json(&paypal(context, method, usable)),
    }
}

/// A mandate that ended waits for a new one.
const fn bank_account_state(usable: bool) -> BankAccountState {
    if usable { BankAccountState::Valid } else { BankAccountState::PendingValidation }
}

fn bank_account(account: &Account, method: PaymentMethod, usable: bool) -> BankAccount {
    let default_payment_mean = is_default(&method);
    let created = Date(account.zone.date_of(method.created));
    BankAccount {
        // Bank and address are not on file.
        bic: String::new(),
        creation_date: created,
        default_payment_mean,
        description: method.description,
        iban: method.label,
        icon: None,
        id: method.id.0,
        mandate_signature_date: Some(created),
        owner_address: String::new(),
        owner_name: account.name.clone(),
        state: bank_account_state(usable),
        unique_reference: method.id.to_string(),
        validation_document_link: None,
    }
}

fn credit_card(method: PaymentMethod, usable: bool) -> CreditCard {
    let default_payment_mean = is_default(&method);
    CreditCard {
        default_payment_mean,
        description: method.description,
        expiration_date: Date(method.expires.unwrap_or(NEVER)),
        icon: None,
        id: method.id.0,
        number: method.label,
        state: if usable { CreditCardState::Valid } else { CreditCardState::Expired },
        // Neither brand nor check is on file.
        three_ds_validated: false,
        card_type: String::new(),
    }
}

fn paypal(context: &Context<'_>, method: PaymentMethod, usable: bool) -> Paypal {
    let default_payment_mean = is_default(&method);
    Paypal {
        agreement_id: method.id.to_string(),
        creation_date: context.date_time(method.created),
        default_payment_mean,
        description: method.description,
        email: method.label,
        icon: None,
        id: method.id.0,
        state: if usable { PaypalState::Valid } else { PaypalState::Failing },
    }
}

pub(super) fn edit<'a>(context: &'a Context<'a>, mean: Mean) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let method = named(context, mean)?.id;
        let PaymentMeanUpdate { description } = context.body()?;
        check_description(description.as_deref())?;
        context.submit(Action::EditMethod { method, description, preference: None }).await?;
        Ok(Answer::void())
    })
}

pub(super) fn choose<'a>(context: &'a Context<'a>, mean: Mean) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let method = named(context, mean)?.id;
        let preference = Some(Preference::Default);
        context.submit(Action::EditMethod { method, description: None, preference }).await?;
        Ok(Answer::void())
    })
}

/// The number of the credit line, if the account has one: the account's own, since it has one at the most.
fn deferred_id(account: &Account) -> Option<i64> {
    (account.credit_limit.minor() > 0).then_some(account.id.0)
}

pub(super) fn deferred_accounts(context: &Context<'_>) -> Result<Answer, Failure> {
    let ids: Vec<_> = deferred_id(context.account()?).into_iter().collect();
    Answer::json(&ids)
}

/// The caller, if the path names its credit line.
fn deferred_named<'a>(context: &'a Context<'_>) -> Result<&'a Account, Failure> {
    let id = context.id("id")?;
    let account = context.account()?;
    if deferred_id(account) == Some(id) { Ok(account) } else { Err(context.no_object("id")) }
}

pub(super) fn deferred_account(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = deferred_named(context)?;
    Answer::json(&Deferred {
        creation_date: context.date_time(account.created),
        default_payment_mean: false,
        description: None,
        icon: None,
        id: account.id.0,
        label: None,
        state: DeferredState::Valid,
    })
}

/// A credit line is no registered method: it has no name of its own, and is the default never.
pub(super) fn edit_deferred<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        deferred_named(context)?;
        let update: PaymentMeanUpdate = context.body()?;
        match update.description {
            None => Ok(Answer::void()),
            Some(_) => Err(Failure::action_impossible("A deferred payment account has no description")),
        }
    })
}

pub(super) fn choose_deferred<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        deferred_named(context)?;
        Err(Failure::action_impossible("A deferred payment account cannot be the default"))
    })
}
