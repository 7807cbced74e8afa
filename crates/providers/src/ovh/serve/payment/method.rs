//! `/me/payment`: registered payment methods. They are registered by the seller; customers name them, choose among them
//! and take them away.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::calendar::Zone;
use perennial_core::command::Action;
use perennial_core::ids::MethodId;
use perennial_core::payment::{MethodKind, MethodStatus, PaymentMethod, Preference};
use perennial_core::ports::BoxFuture;
use perennial_core::snapshot::Want;

use super::super::context::{Answer, Context};
use super::kind::payment_type;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::payment::{
    AvailablePaymentMethod, Icon, Integration, MethodStatus as WireStatus, PaymentMethod as WireMethod,
    PaymentMethodUpdate,
};

/// The longest description, in characters. The provider's own limit is not known.
const DESCRIPTION_LENGTH_MAX: usize = 255;

/// Refuses a description that is too long to keep, or no plain text.
pub(super) fn check_description(description: Option<&str>) -> Result<(), Failure> {
    let fits = |text: &str| text.chars().count() <= DESCRIPTION_LENGTH_MAX && !text.chars().any(char::is_control);
    if description.is_none_or(fits) {
        return Ok(());
    }
    let rule = format!("A description has {DESCRIPTION_LENGTH_MAX} characters at the most, none of them a control");
    Err(Failure::bad_field("description", rule))
}

/// All methods of the caller, those that were taken away included, in order of id.
pub(super) fn all(context: &Context<'_>) -> Result<Vec<PaymentMethod>, Failure> {
    let seen = context.load(&[Want::Methods(context.account()?.id)])?;
    let mut methods: Vec<_> = seen.methods.into_values().collect();
    methods.sort_by_key(|method| method.id);
    Ok(methods)
}

/// Lists the methods. One that was taken away is found by its status only.
pub(super) fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let status = context.query.word("status", WireStatus::parse)?;
    let default = context.query.boolean("default")?;
    let kind = context.query.text("paymentType");
    let mut ids = Vec::new();
    for method in all(context)? {
        let state = wire_status(context, &method)?;
        let asked_status = status.map_or(state != WireStatus::Canceled, |status| status == state);
        let asked_default = default.is_none_or(|default| default == is_default(&method));
        let asked_kind = kind.is_none_or(|kind| kind == payment_type(method.kind));
        if asked_status && asked_default && asked_kind {
            ids.push(method.id.0);
        }
    }
    Answer::json(&ids)
}

fn named(context: &Context<'_>) -> Result<MethodId, Failure> {
    Ok(MethodId(context.id("paymentMethodId")?))
}

/// Shows a method; also one that was taken away, since payments name it.
pub(super) fn object(context: &Context<'_>) -> Result<Answer, Failure> {
    let id = named(context)?;
    let mut seen = context.load(&[Want::Method(context.account()?.id, id)])?;
    let method = seen.methods.remove(&id).ok_or_else(|| context.no_object("paymentMethodId"))?;
    Answer::json(&wire_method(context, &method)?)
}

pub(super) fn edit<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let method = named(context)?;
        let PaymentMethodUpdate { default, description } = context.body()?;
        check_description(description.as_deref())?;
        let preference = default.map(|default| if default { Preference::Default } else { Preference::Other });
        context.submit(Action::EditMethod { method, description, preference }).await?;
        object(context)
    })
}

pub(super) fn remove<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let method = named(context)?;
        context.submit(Action::RemoveMethod { method }).await?;
        object(context)
    })
}

/// Kinds whose money the seller collects. None can be registered by API: the seller does that.
pub(super) fn available(context: &Context<'_>) -> Result<Answer, Failure> {
    let seen = context.load(&[])?;
    let offer = |kind: &MethodKind| AvailablePaymentMethod {
        form_session_id: None,
        icon: icon(*kind),
        integration: Integration::None,
        merchant_id: None,
        oneshot: false,
        organization_id: None,
        payment_sub_type: None,
        payment_type: payment_type(*kind).to_owned(),
        registerable: false,
        registerable_with_transaction: false,
    };
    let offers: Vec<_> = seen.catalogue.seller.collects.iter().map(offer).collect();
    Answer::json(&offers)
}

fn icon(kind: MethodKind) -> Icon {
    Icon { data: None, name: Some(kind.word().to_owned()), url: None }
}

/// Whether it is charged when none is named.
pub(super) fn is_default(method: &PaymentMethod) -> bool {
    method.preference == Preference::Default
}

/// Whether it can be charged today.
pub(super) fn usable(context: &Context<'_>, method: &PaymentMethod) -> Result<bool, Failure> {
    Ok(method.usable(context.account()?.zone.date_of(context.now)))
}

fn wire_status(context: &Context<'_>, method: &PaymentMethod) -> Result<WireStatus, Failure> {
    Ok(match method.status {
        MethodStatus::Cancelled => WireStatus::Canceled,
        MethodStatus::Valid if usable(context, method)? => WireStatus::Valid,
        MethodStatus::Valid => WireStatus::Expired,
    })
}

/// The last second of the last day on which a method can be charged; none where the calendar ends.
fn expiration(zone: &Zone, last_day: Date) -> Option<Timestamp> {
    let end = zone.midnight(last_day.tomorrow().ok()?).ok()?;
    end.checked_sub(SignedDuration::from_secs(1)).ok()
}

/// A method as the wire has it. The ledger does not note changes, so the last one shown is the registration; old and
/// new routes know the method by one number.
pub(in super::super) fn wire_method(context: &Context<'_>, method: &PaymentMethod) -> Result<WireMethod, Failure> {
    let zone = &context.account()?.zone;
    let created = context.date_time(method.created);
    let expires = method.expires.and_then(|last_day| expiration(zone, last_day));
    Ok(WireMethod {
        billing_contact_id: None,
        creation_date: created,
        default: is_default(method),
        description: method.description.clone(),
        expiration_date: expires.map(|end| context.date_time(end)),
        form_session_id: None,
        icon: icon(method.kind),
        integration: Some(Integration::None),
        label: Some(method.label.clone()),
        last_update: Some(created),
        merchant_id: None,
        oneclick: Some(true),
        payment_mean_id: Some(method.id.0),
        payment_method_id: method.id.0,
        payment_sub_type: None,
        payment_type: payment_type(method.kind).to_owned(),
        status: wire_status(context, method)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_on_a_day_still_pays_on_it() {
        let paris = Zone::parse("Europe/Paris").unwrap();
        for (last_day, end) in [("2026-12-31", "2026-12-31T22:59:59Z"), ("2026-06-30", "2026-06-30T21:59:59Z")] {
            assert_eq!(expiration(&paris, last_day.parse().unwrap()), Some(end.parse().unwrap()), "{last_day}");
        }
        assert_eq!(expiration(&paris, Date::MAX), None);
    }

    #[test]
    fn a_description_is_short_plain_text() {
        assert_eq!(check_description(None), Ok(()));
        assert_eq!(check_description(Some(&"é".repeat(DESCRIPTION_LENGTH_MAX))), Ok(()));
        for text in ["a\nb", &"e".repeat(DESCRIPTION_LENGTH_MAX + 1)] {
            assert_eq!(check_description(Some(text)).unwrap_err().body.details["field"], "description");
        }
    }
}
