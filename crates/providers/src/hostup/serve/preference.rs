//! `/v2/me/preferences`: the account's switches that change renewals. They are what the services and the saved card say;
//! none of them is set here.

use http::Method;
use perennial_core::service::{Lifecycle, Service};
use perennial_core::snapshot::{Snapshot, Want};

use super::{Answer, Context, Row, card};
use crate::hostup::wire::preference::{
    AutoChargeStatus, Billing, CardAutoCharge, Localization, Preferences, SeparateInvoices,
};
use crate::hostup::wire::problem::Failure;

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/me/preferences", "preferences", preferences).scopes(&["read:account"]),
    Row::not_served(Method::PATCH, "/v2/me/preferences"),
];

fn preferences(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account();
    let ids = context.ports.books.service_ids(account.id, None)?;
    let services = ids.into_iter().map(|id| Want::Service(account.id, id));
    let seen = context.load(&services.chain([Want::Methods(account.id)]).collect::<Vec<_>>())?;
    let wanted = seen.services.values().any(|service| renews_by_itself(context, &seen, service));
    let has_card = card::charged(context, &seen).is_some();
    Ok(Answer::json(&Preferences {
        billing: Billing {
            // Each order has an invoice of its own.
            separate_invoices: SeparateInvoices { enabled: true },
            card_auto_charge: auto_charge(wanted, has_card),
            currency_code: account.currency.code(),
        },
        localization: Localization { timezone: account.zone.name().to_owned() },
    })?)
}

fn renews_by_itself(context: &Context<'_>, seen: &Snapshot, service: &Service) -> bool {
    let today = context.account().zone.date_of(context.now);
    seen.product(service).is_ok_and(|product| {
        let is_gone = matches!(service.lifecycle(product, today), Lifecycle::Unpaid | Lifecycle::Terminated);
        !is_gone && service.renews_by_itself(product)
    })
}

/// Whether the saved card is charged: where a service is to renew by itself, and there is a card.
const fn auto_charge(wanted: bool, has_card: bool) -> CardAutoCharge {
    let status = match (wanted, has_card) {
        (true, true) => AutoChargeStatus::Enabled,
        (true, false) => AutoChargeStatus::NeedsPaymentMethod,
        (false, _) => AutoChargeStatus::Disabled,
    };
    CardAutoCharge { configured: wanted, enabled: wanted && has_card, status }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_charged_where_one_is_wanted_and_there() {
        for (wanted, has_card, text) in [
            (true, true, r#"{"configured":true,"enabled":true,"status":"enabled"}"#),
            (true, false, r#"{"configured":true,"enabled":false,"status":"needs_payment_method"}"#),
            (false, true, r#"{"configured":false,"enabled":false,"status":"disabled"}"#),
            (false, false, r#"{"configured":false,"enabled":false,"status":"disabled"}"#),
        ] {
            assert_eq!(serde_json::to_string(&auto_charge(wanted, has_card)).expect("writes"), text);
        }
    }
}
