//! `decide`: what one command does to the state it was shown.
//!
//! One file an area; this one holds the way in and the tokens, which work alike for all.

mod access;
mod account;
mod attempt;
mod attend;
mod buy;
mod charge;
mod method;
mod money;
mod pay;
mod renew;
mod revise;
mod service;

pub use buy::prorated;

use jiff::Timestamp;

use crate::account::Account;
use crate::command::{Action, Command, Reply};
use crate::idempotency::{Answer, Holds, Replay, Token};
use crate::ids::AccountId;
use crate::notice::{Notice, NoticeKind};
use crate::order::{Order, OrderLine, OrderState};
use crate::refusal::Refusal;
use crate::snapshot::{Change, Snapshot};

/// What a command does: rows to write, in order, and what the caller hears. Messages to leave after the commit are
/// rows too ([`Change::Notify`]), so that a crash loses none.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Rows to write, in order. None for a command that was carried out before.
    pub changes: Vec<Change>,
    /// What the caller hears once the rows are on disk.
    pub reply: Reply,
}

impl Decision {
    fn new(changes: Vec<Change>, reply: Reply) -> Self {
        Self { changes, reply }
    }

    fn done(change: Change) -> Self {
        Self::new(vec![change], Reply::Done)
    }
}

/// Decides what one command does to the state it was shown. Pure: same input, same decision.
///
/// A token that was used before for the same request gets the first reply and changes nothing.
///
/// # Errors
/// The [`Refusal`]; nothing is to be written then, and no token is used up.
pub fn decide(now: Timestamp, seen: &Snapshot, command: &Command) -> Result<Decision, Refusal> {
    if let Some(reply) = replayed(now, seen, command.account, command.token.as_ref())? {
        return Ok(Decision::new(Vec::new(), reply));
    }
    let mut decision = carry_out(now, seen, command)?;
    if let (Some(token), Some(answer)) = (&command.token, answer(&decision.reply)) {
        let replay = Replay {
            token: token.lookup(command.account),
            digest: token.digest,
            answer,
            keep_until: end_of(now, seen, command.account, token, &decision.reply)?,
        };
        // An order that is still open is answered again, and may be known already for as long.
        let is_same = |kept: &Replay| kept.answer == answer && kept.digest == replay.digest;
        let kept = seen.replays.get(&replay.token).filter(|kept| is_same(kept));
        if kept.is_none_or(|kept| kept.keep_until < replay.keep_until) {
            decision.changes.push(Change::Remember(replay));
        }
    }
    Ok(decision)
}

fn carry_out(now: Timestamp, seen: &Snapshot, command: &Command) -> Result<Decision, Refusal> {
    let account = seen.account(command.account)?;
    match &command.action {
        Action::Renew { request, password } => renew::place(now, seen, account, request, password),
        Action::RenewNow { request, expiry, password } => {
            renew::place_paid(now, seen, account, request, *expiry, password)
        }
        Action::Buy { request, password } => buy::buy(now, seen, account, request, password),
        Action::Deposit { amount, open_s, password } => buy::deposit(now, seen, account, *amount, *open_s, password),
        Action::ReviseOrder { order, periods, promo, plan } => {
            revise::revise(now, seen, account, *order, periods, promo, *plan)
        }
        Action::LinkOrder { order, token } => revise::link(now, seen, account, *order, token),
        Action::ViewLink { order } => revise::view_link(now, seen, account, *order),
        Action::Pay { order, with, due } => pay::pay(now, seen, account, *order, *with, *due),
        Action::CancelOrder { order } => renew::cancel(now, seen, account, *order),
        Action::CreditOrder { order, to } => money::credit_order(now, seen, account, *order, *to),
        Action::NoteCharge { order, charge, reference } => charge::note(seen, account, *order, *charge, reference),
        Action::SettleCharge { order, charge, reference, outcome } => {
            charge::settle(now, seen, account, (*order, *charge), reference.as_deref(), *outcome)
        }
        Action::CreditBalance { amount, memo } => money::credit_balance(now, seen, account, *amount, memo),
        Action::SetRenewal { service, mode, period } => {
            service::set_renewal(now, seen, account, *service, *mode, *period)
        }
        Action::SetRenewals { services, mode, period, withdraw } => {
            service::set_renewals(now, seen, account, services, *mode, *period, withdraw)
        }
        Action::Cancel { service, reason, ending } => service::cancel(now, seen, account, *service, reason, *ending),
        Action::Reinstate { service } => service::reinstate(now, seen, account, *service),
        Action::Rename { service, display_name } => service::rename(seen, account, *service, display_name.as_deref()),
        Action::Suspend { service } => service::suspend(now, seen, account, *service),
        Action::Reopen { service } => service::reopen(seen, account, *service),
        Action::Terminate { service } => service::terminate(seen, account, *service),
        Action::RequestTermination { service, token, token_digest } => {
            service::request_termination(now, seen, account, *service, token, *token_digest)
        }
        Action::ConfirmTermination { service, token_digest } => {
            service::confirm_termination(now, seen, account, *service, token_digest)
        }
        Action::AddMethod(new) => method::add(now, seen, account, new),
        Action::EditMethod { method, description, preference } => {
            method::edit(now, seen, account, *method, description.as_deref(), *preference)
        }
        Action::RemoveMethod { method } => method::remove(seen, account, *method),
        Action::EditAccount { name, email, facts } => {
            Ok(account::edit(account, name.as_deref(), email.as_deref(), facts))
        }
        Action::RecordJob { kind, order, report } => account::record_job(now, seen, account, kind, *order, report),
        Action::RegisterApplication(new) => Ok(access::register(now, seen, account, new)),
        Action::RevokeApplication { application } => access::revoke(seen, account, *application),
        Action::EditApplication { application, name, description } => {
            access::edit_application(seen, account, *application, name, description)
        }
        Action::IssueCredential(new) => access::issue(now, seen, account, new),
        Action::ApproveCredential { credential, expires } => access::approve(now, seen, account, *credential, *expires),
        Action::RefuseCredential { credential } => access::refuse(now, seen, account, *credential),
        Action::EditCredential { credential, allowed_ips } => {
            access::edit_credential(seen, account, *credential, allowed_ips)
        }
        Action::ExpireCredential { credential } => access::expire(seen, account, *credential),
        Action::TouchCredential { credential } => access::touch(now, seen, account, *credential),
        Action::Attend(wanted) => attend::attend(now, seen, account, wanted),
        Action::UseNonce { nonce, good_until } => access::use_nonce(now, seen, *nonce, *good_until),
    }
}

/// Until when a token is remembered: one that its caller chose, at least until the terms that were paid under it end.
/// Only then may the same be wanted again.
fn end_of(
    now: Timestamp,
    seen: &Snapshot,
    account: AccountId,
    token: &Token,
    reply: &Reply,
) -> Result<Timestamp, Refusal> {
    let end = now.checked_add(token.kept).unwrap_or(Timestamp::MAX);
    let (Holds::Always, Reply::Paid(order) | Reply::Charging(order)) = (token.holds, reply) else { return Ok(end) };
    let Some(last) = order.lines.iter().map(|line| line.term.until()).max() else { return Ok(end) };
    Ok(seen.account(account)?.zone.midnight(last)?.max(end))
}

/// What was answered before under an account's token. What was answered never changes, but that a charge comes to its end,
/// so this can be asked ahead of the lane, of any reader that was shown the token's
/// [`Want::Replay`](crate::snapshot::Want::Replay).
///
/// # Errors
/// [`Refusal::TokenMalformed`]; [`Refusal::TokenMismatch`] when the token was used for another request.
pub fn replayed(
    now: Timestamp,
    seen: &Snapshot,
    account: AccountId,
    token: Option<&Token>,
) -> Result<Option<Reply>, Refusal> {
    let Some(token) = token else { return Ok(None) };
    if !token.is_well_formed() {
        return Err(Refusal::TokenMalformed);
    }
    let Some(replay) = seen.replays.get(&token.lookup(account)) else { return Ok(None) };
    if now >= replay.keep_until {
        return Ok(None);
    }
    let order = seen.order_of(account, replay.answer.order())?.clone();
    let is_charging = order.state == OrderState::Open && order.charge.is_some();
    if let (Answer::Paid(_), false) = (replay.answer, is_charging || matches!(order.state, OrderState::Fulfilled(_))) {
        // Its charge was declined, or came too late for it, so nothing came of it.
        return Ok(None);
    }
    if replay.digest != token.digest {
        return Err(Refusal::TokenMismatch);
    }
    if let (Answer::Paid(_), true) = (replay.answer, is_charging) {
        return Ok(Some(Reply::Charging(order)));
    }
    // It waited for no charge when it was answered, whatever became of it.
    let order = Order { charge: None, ..order };
    // Of a service that was not loaded nobody knows here; the lane loads it, and asks again.
    let stands = |line: &OrderLine| seen.services.get(&line.service).is_some_and(|it| it.until == line.term.until());
    if token.holds == Holds::WhileUnmoved && !order.lines.iter().all(stands) {
        return Ok(None);
    }
    Ok(Some(match replay.answer {
        Answer::Placed(_) => Reply::Placed(Order { state: OrderState::Open, ..order }),
        Answer::Paid(_) => Reply::Paid(order),
    }))
}

fn answer(reply: &Reply) -> Option<Answer> {
    match reply {
        Reply::Placed(order) => Some(Answer::Placed(order.id)),
        Reply::Paid(order) | Reply::Charging(order) => Some(Answer::Paid(order.id)),
        Reply::Charge(_)
        | Reply::Application(_)
        | Reply::Credential(_)
        | Reply::Method(_)
        | Reply::Link(_)
        | Reply::Job(_)
        | Reply::From(_)
        | Reply::Attended(_)
        | Reply::Done => None,
    }
}

/// A notice to an account's owner.
fn notice(now: Timestamp, account: &Account, kind: NoticeKind) -> Change {
    Change::Notify(Notice { account: account.id, kind, at: now })
}

#[cfg(test)]
mod tests;
