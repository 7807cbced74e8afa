//! Bodies, amounts and codes, as Stripe writes them; and what they mean to a charge.

use jiff::civil::Date;
use perennial_core::charge::{Charge, ChargeOutcome, Decline};
use perennial_core::money::Money;
use perennial_core::payment::MethodKind;
use perennial_core::ports::{GatewayError, Kept};
use perennial_providers::common::card::Card;
use serde::Deserialize;

use super::silent;

/// An amount in the smallest unit that Stripe has of its currency; none where Stripe cannot move it ("Supported currencies",
/// "Minor units in API amounts").
///
/// Two decimals are two decimals there. Of the currencies without decimals, these are such there too, and others (ISK, UGX)
/// are not. Of three decimals the last one has to be 0.
pub(super) fn amount(money: Money) -> Option<i64> {
    match (money.currency().digits(), money.currency().code()) {
        (2, _) | (0, "JPY" | "XOF") => Some(money.minor()),
        (3, _) => Some(money.minor()).filter(|minor| minor % 10 == 0),
        _ => None,
    }
}

/// The currency, which Stripe writes in lower case.
pub(super) fn currency(money: Money) -> String {
    money.currency().code().to_ascii_lowercase()
}

/// A `PaymentIntent` ("The `PaymentIntent` object").
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    amount: i64,
    currency: String,
    pub(super) status: String,
    pub(super) customer: Option<String>,
    pub(super) payment_method: Option<String>,
    #[serde(default)]
    metadata: Marks,
    last_payment_error: Option<StripeError>,
}

/// What we wrote on it.
#[derive(Debug, Default, Deserialize)]
struct Marks {
    charge: Option<String>,
    order: Option<String>,
}

impl Intent {
    /// Checks that it collects what the charge does: else it is not touched.
    pub(super) fn check_is_of(&self, charge: &Charge) -> Result<(), GatewayError> {
        let is_marked = self.metadata.charge.as_deref() == Some(charge.id.to_string().as_str());
        let is_same = Some(self.amount) == amount(charge.amount) && self.currency == currency(charge.amount);
        if is_marked && is_same {
            return Ok(());
        }
        Err(silent(format!("{} does not collect what charge {} does", self.id, charge.id)))
    }

    /// Checks that it collected the money that the charge gives back, and tells how much that is.
    pub(super) fn check_holds(&self, charge: &Charge) -> Result<i64, GatewayError> {
        let is_marked = self.metadata.order.as_deref() == Some(charge.order.to_string().as_str());
        let amount = amount(charge.amount).filter(|amount| *amount <= self.amount);
        match amount {
            Some(amount) if is_marked && self.currency == currency(charge.amount) && self.status == "succeeded" => {
                Ok(amount)
            }
            _ => Err(silent(format!("{} did not collect what charge {} gives back", self.id, charge.id))),
        }
    }

    /// What became of it; none where it did not collect, and still could.
    pub(super) fn outcome(&self) -> Option<Result<Option<ChargeOutcome>, GatewayError>> {
        match self.status.as_str() {
            "succeeded" => Some(Ok(Some(ChargeOutcome::Moved))),
            "processing" => Some(Ok(None)),
            "canceled" => Some(Ok(Some(ChargeOutcome::Declined(self.decline())))),
            _ => None,
        }
    }

    /// Why the last try failed.
    pub(super) fn decline(&self) -> Decline {
        self.last_payment_error.as_ref().map_or(Decline::Declined, StripeError::decline)
    }

    pub(super) fn unexpected(&self) -> GatewayError {
        silent(format!("{} is `{}`", self.id, self.status))
    }
}

/// An error, as an answer or of an intent's last try ("Errors").
#[derive(Debug, Deserialize)]
pub(super) struct StripeError {
    #[serde(rename = "type")]
    kind: Option<String>,
    pub(super) code: Option<String>,
    decline_code: Option<String>,
    pub(super) param: Option<String>,
}

/// The body of an answer that is an error.
#[derive(Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: StripeError,
}

impl StripeError {
    /// Whether it says that the request was not carried out. Others (`api_error`, `idempotency_error`) do not.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.kind.as_deref(), Some("invalid_request_error" | "card_error"))
    }

    /// Why no money moved: what the bank says goes before what Stripe makes of it.
    pub(super) fn decline(&self) -> Decline {
        let words = [&self.decline_code, &self.code].into_iter().flatten();
        words.map(|word| decline(word)).find(|decline| *decline != Decline::Declined).unwrap_or(Decline::Declined)
    }
}

/// What a decline code or error code means ("Stripe decline codes", "Error codes").
fn decline(code: &str) -> Decline {
    match code {
        "insufficient_funds" | "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => Decline::Funds,
        "expired_card" => Decline::Expired,
        "authentication_required"
        | "authentication_not_handled"
        | "mobile_device_authentication_required"
        | "payment_intent_authentication_failure" => Decline::Confirmation,
        "lost_card"
        | "stolen_card"
        | "pickup_card"
        | "restricted_card"
        | "revocation_of_authorization"
        | "revocation_of_all_authorizations"
        | "stop_payment_order"
        | "invalid_account"
        | "invalid_number"
        | "incorrect_number"
        | "new_account_information_available"
        | "account_closed"
        | "bank_account_restricted"
        | "debit_not_authorized"
        | "payment_intent_mandate_invalid" => Decline::Gone,
        _ => Decline::Declined,
    }
}

/// A page of a list ("Pagination").
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    pub(super) has_more: bool,
}

/// A `Refund` ("The Refund object").
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    id: String,
    amount: i64,
    status: Option<String>,
    #[serde(default)]
    metadata: Marks,
}

/// How far a refund is, or the furthest of several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// It failed for good.
    Failed,
    /// It is not decided.
    Under,
    /// The money has been given back.
    There,
}

impl Way {
    /// What became of the charge; none while that is open.
    pub(super) const fn outcome(self) -> Option<ChargeOutcome> {
        match self {
            Self::There => Some(ChargeOutcome::Moved),
            Self::Under => None,
            Self::Failed => Some(ChargeOutcome::Declined(Decline::Declined)),
        }
    }
}

impl Refund {
    fn way(&self) -> Result<Way, GatewayError> {
        match self.status.as_deref() {
            Some("succeeded") => Ok(Way::There),
            Some("pending" | "requires_action") => Ok(Way::Under),
            Some("failed" | "canceled") => Ok(Way::Failed),
            other => Err(silent(format!("{} is `{}`", self.id, other.unwrap_or_default()))),
        }
    }
}

impl List<Refund> {
    /// How far the charge's own refund is; none where there is none.
    pub(super) fn of(&self, charge: &Charge) -> Result<Option<Way>, GatewayError> {
        let id = charge.id.to_string();
        let mut furthest = None;
        for refund in self.data.iter().filter(|refund| refund.metadata.charge.as_deref() == Some(id.as_str())) {
            if Some(refund.amount) != amount(charge.amount) {
                return Err(silent(format!("{} does not give back what charge {id} does", refund.id)));
            }
            furthest = furthest.max(Some(refund.way()?));
        }
        Ok(furthest)
    }

    /// Whether all of an intent's money has been given back, whoever did it.
    pub(super) fn give_back_all(&self, intent: &Intent) -> bool {
        let there = self.data.iter().filter(|refund| refund.status.as_deref() == Some("succeeded"));
        let sum: i128 = there.map(|refund| i128::from(refund.amount)).sum();
        sum >= i128::from(intent.amount)
    }
}

/// A `PaymentMethod` ("The `PaymentMethod` object").
#[derive(Debug, Deserialize)]
pub(super) struct Method {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) customer: Option<String>,
    card: Option<CardPart>,
    sepa_debit: Option<DebitPart>,
}

#[derive(Debug, Deserialize)]
struct CardPart {
    brand: String,
    last4: String,
    exp_month: i8,
    exp_year: i16,
}

#[derive(Debug, Deserialize)]
struct DebitPart {
    last4: String,
}

impl Method {
    /// What it shows of itself; none for kinds that are not charged here.
    pub(super) fn kept(&self) -> Option<Kept> {
        match (self.kind.as_str(), &self.card, &self.sepa_debit) {
            ("card", Some(card), _) => {
                let shown = Card::new(&card.brand, &card.last4).or_else(|| Card::new("card", &card.last4))?;
                let expires = Date::new(card.exp_year, card.exp_month, 1).ok()?.last_of_month();
                Some(Kept { kind: MethodKind::Card, label: shown.to_string(), expires: Some(expires) })
            }
            ("sepa_debit", _, Some(debit)) => {
                let shown = Card::new("sepa", &debit.last4)?;
                Some(Kept { kind: MethodKind::BankTransfer, label: shown.to_string(), expires: None })
            }
            _ => None,
        }
    }
}
