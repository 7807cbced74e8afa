//! The contract of a product: `serviceInfos`. Only `renew` can be written, and it has its ways (seen live, 2026-05).

use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::service::RenewalMode;

use super::super::context::{Answer, Context};
use super::super::found::{Found, Standing};
use super::load_named;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::product::{
    RenewType, RenewTypeUpdate, RenewalType, ServiceInfos, ServiceInfosUpdate, ServiceState,
};
use crate::ovh::wire::scalar::Date;

pub(super) fn one(context: &Context<'_>, kind: Kind) -> Result<Answer, Failure> {
    let (seen, id) = load_named(context, kind)?;
    Answer::json(&shown(&Found::of(context, &seen, id)?))
}

fn shown(found: &Found<'_>) -> ServiceInfos {
    let contact = || found.account.code.clone();
    let forced = found.one_shot();
    ServiceInfos {
        can_delete_at_expiration: !forced,
        contact_admin: contact(),
        contact_billing: contact(),
        contact_tech: contact(),
        creation: Date(found.service.created),
        domain: found.service.name.clone(),
        engaged_up_to: None,
        expiration: found.expiry(),
        possible_renew_period: Some(if forced { Vec::new() } else { months_on_sale(found) }),
        renew: Some(if forced { FORCED } else { renew(found.service.mode, found.service.period) }),
        renewal_type: if forced { RenewalType::OneShot } else { renewal_type(found.service.mode) },
        service_id: found.service.id.0,
        status: status(found.standing()),
    }
}

/// What a product that is sold once shows (python-ovh #51).
const FORCED: RenewType = RenewType {
    automatic: false,
    delete_at_expiration: false,
    forced: true,
    manual_payment: Some(false),
    period: None,
};

/// Periods of weeks have no place in a contract.
fn months_on_sale(found: &Found<'_>) -> Vec<i64> {
    let periods = found.service.periods(found.product, found.account.currency);
    periods.into_iter().filter_map(Period::as_months).map(i64::from).collect()
}

fn renew(mode: RenewalMode, period: Period) -> RenewType {
    RenewType {
        automatic: mode == RenewalMode::Automatic,
        delete_at_expiration: mode == RenewalMode::DeleteAtExpiry,
        forced: false,
        manual_payment: Some(mode == RenewalMode::Manual),
        period: period.as_months().map(i64::from),
    }
}

/// A service that ends with its term counts as manual.
const fn renewal_type(mode: RenewalMode) -> RenewalType {
    match mode {
        RenewalMode::Automatic => RenewalType::AutomaticV2016,
        RenewalMode::Manual | RenewalMode::DeleteAtExpiry => RenewalType::Manual,
    }
}

const fn status(standing: Standing) -> ServiceState {
    match standing {
        Standing::Paid => ServiceState::Ok,
        Standing::RenewalPlaced => ServiceState::AutorenewInProgress,
        Standing::Unpaid => ServiceState::UnPaid,
        Standing::Lapsed => ServiceState::Expired,
    }
}

pub(super) fn set<'a>(context: &'a Context<'a>, kind: Kind) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = load_named(context, kind)?;
        let found = Found::of(context, &seen, id)?;
        let update: ServiceInfosUpdate = context.body()?;
        let Some(wanted) = update.renew else { return Ok(Answer::void()) };
        found.check_end_is_open()?;
        let mode = mode_after(found.service.mode, &wanted);
        let period = wanted.period.map(period).transpose()?;
        // Callers send back what they read; a period that is no longer on sale is no mistake of theirs.
        let period = period.filter(|period| *period != found.service.period);
        match context.submit(Action::SetRenewal { service: id, mode: Some(mode), period }).await {
            Ok(_) => Ok(Answer::void()),
            Err(Rejection::Refused(Refusal::NoPrice { period, .. })) => {
                Err(bad_period(format!("This service cannot be renewed for {period}")))
            }
            Err(rejection) => Err(rejection.into()),
        }
    })
}

fn period(months: i64) -> Result<Period, Failure> {
    let period = u16::try_from(months).ok().and_then(Period::months);
    period.ok_or_else(|| bad_period(format!("{months} months are no period")))
}

fn bad_period(message: String) -> Failure {
    Failure::bad_field("renew.period", message)
}

/// What happens at the expiry after an update.
///
/// `deleteAtExpiration` wins; taken back, it does not bring `automatic` back, which the caller must set as well. Callers
/// change one flag and send the others back as they read them: where `automatic` and `manualPayment` contradict each
/// other, the one that changed counts.
fn mode_after(mode: RenewalMode, wanted: &RenewTypeUpdate) -> RenewalMode {
    if wanted.delete_at_expiration.unwrap_or(mode == RenewalMode::DeleteAtExpiry) {
        return RenewalMode::DeleteAtExpiry;
    }
    let was_automatic = mode == RenewalMode::Automatic;
    let automatic = match (wanted.automatic, wanted.manual_payment) {
        (Some(true), Some(true)) => !was_automatic,
        (_, Some(true)) => false,
        (automatic, _) => automatic.unwrap_or(was_automatic),
    };
    if automatic { RenewalMode::Automatic } else { RenewalMode::Manual }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `automatic`, `deleteAtExpiration` and `manualPayment`.
    fn after(mode: RenewalMode, flags: [Option<bool>; 3]) -> RenewalMode {
        let [automatic, delete_at_expiration, manual_payment] = flags;
        mode_after(
            mode,
            &RenewTypeUpdate { automatic, delete_at_expiration, forced: None, manual_payment, period: None },
        )
    }

    #[test]
    fn flags_sent_back_with_one_changed_do_what_was_changed() {
        use RenewalMode::{Automatic, DeleteAtExpiry, Manual};
        let (yes, no) = (Some(true), Some(false));
        for (mode, flags, expected) in [
            (Automatic, [None, None, None], Automatic),
            (Manual, [None, None, None], Manual),
            (DeleteAtExpiry, [None, None, None], DeleteAtExpiry),
            (Automatic, [yes, yes, no], DeleteAtExpiry),
            (DeleteAtExpiry, [no, no, no], Manual),
            (DeleteAtExpiry, [None, no, None], Manual),
            (DeleteAtExpiry, [yes, no, no], Automatic),
            (DeleteAtExpiry, [yes, yes, no], DeleteAtExpiry),
            (Automatic, [no, no, no], Manual),
            (Automatic, [yes, no, yes], Manual),
            (Automatic, [None, None, yes], Manual),
            (Manual, [yes, no, yes], Automatic),
            (Manual, [yes, None, None], Automatic),
        ] {
            assert_eq!(after(mode, flags), expected, "{mode:?} {flags:?}");
        }
    }

    #[test]
    fn what_is_read_and_sent_back_changes_nothing() {
        for mode in RenewalMode::ALL {
            let read = renew(mode, Period::months(1).expect("is not zero"));
            let flags = [Some(read.automatic), Some(read.delete_at_expiration), read.manual_payment];
            assert_eq!(after(mode, flags), mode);
        }
    }

    #[test]
    fn a_contract_counts_its_period_in_months() {
        assert_eq!(period(12), Ok(Period::parse("P1Y").expect("is a period")));
        for months in [0, -1, 65_536, i64::MAX] {
            assert_eq!(&*period(months).unwrap_err().body.details["field"], "renew.period");
        }
    }
}
