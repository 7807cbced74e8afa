//! Stripe: charges are `PaymentIntents`, refunds are `Refunds` of them. (Stripe API reference, read 2026-11.)
//!
//! An intent that is created moves nothing. Its id is put on file, and only an intent on file is confirmed; one intent
//! collects once at the most. So what was lost on the way is found out by looking at it, and no idempotency key is
//! needed. A refund has nothing to prepare: it bears the charge's id, is looked for among the refunds of its intent, and is
//! made only where there is none, with an idempotency key for two who look at the same time.

mod api;
mod wire;

use std::sync::Arc;

use perennial_core::charge::{Charge, ChargeOutcome, Decline, Direction};
use perennial_core::payment::OnGateway;
use perennial_core::ports::{BoxFuture, Failure, Gateway, GatewayError, Kept, Prepared};
use perennial_providers::call::HttpClient;
use secrecy::SecretString;

use self::api::{Api, Form, Refused};
use self::wire::{Intent, List, Method, Refund, Way, amount};

/// Its name, as methods have it.
pub const NAME: &str = "stripe";

/// Where it is.
pub const URL: &str = "https://api.stripe.com";

/// The most refunds of one payment that are looked through: a page as long as there is one ("List all Refunds", `limit`).
const REFUNDS_MAX: usize = 100;

/// Stripe, as the holder of one secret key sees it.
pub struct Stripe {
    api: Api,
}

impl Stripe {
    /// Stripe at an address without a slash at its end, by a client that sends once.
    pub fn new(client: Arc<dyn HttpClient>, url: String, key: SecretString) -> Self {
        Self { api: Api { client, url, key } }
    }

    /// The method, if it is that customer's.
    async fn method(&self, id: &str, customer: &str) -> Result<Option<Method>, GatewayError> {
        if !is_id(id) {
            return Ok(None);
        }
        match self.api.get::<Method>(&format!("/v1/payment_methods/{id}")).await? {
            Ok(method) => Ok(Some(method).filter(|method| method.customer.as_deref() == Some(customer))),
            Err(refused) if refused.is_missing() => Ok(None),
            Err(refused) => Err(refused.unexpected()),
        }
    }

    async fn prepare_collect(&self, charge: &Charge, on_file: &OnGateway) -> Result<Prepared, GatewayError> {
        let never = |decline| Ok(Prepared::Never(ChargeOutcome::Declined(decline)));
        let Some(amount) = amount(charge.amount) else { return never(Decline::Declined) };
        let Some(method) = self.method(&on_file.method, &on_file.customer).await? else { return never(Decline::Gone) };
        let form = Form::default()
            .with("amount", &amount)
            .with("currency", &wire::currency(charge.amount))
            .with("customer", &on_file.customer)
            .with("payment_method", &on_file.method)
            // Without it, every kind that the seller has switched on would be allowed, and those that lead elsewhere want
            // an address to come back to.
            .with("payment_method_types[]", &method.kind)
            .marked(charge);
        match self.api.post::<Intent>("/v1/payment_intents", &form, None).await? {
            Ok(intent) => {
                intent.check_is_of(charge)?;
                Ok(Prepared::As(intent.id))
            }
            Err(refused) if refused.is_about(&["customer", "payment_method"]) => never(Decline::Gone),
            Err(refused) if refused.is_about(&["amount", "currency"]) => never(Decline::Declined),
            Err(refused) if refused.is_of_card() => never(refused.error.decline()),
            // Nothing was created, and to ask again would be answered the same for ever.
            Err(refused) => {
                let id = charge.id;
                tracing::error!(charge.id = id.0, "Stripe does not take charge {id}: {refused}");
                never(Decline::Declined)
            }
        }
    }

    /// Looks at the intent that is on file.
    async fn look(&self, reference: &str) -> Result<Intent, GatewayError> {
        if !is_id(reference) {
            return Err(silent(format!("`{reference}` is no id of Stripe's")));
        }
        self.api.get(&format!("/v1/payment_intents/{reference}")).await?.map_err(|refused| refused.unexpected())
    }

    async fn collect(&self, charge: &Charge, reference: &str) -> Result<Option<ChargeOutcome>, GatewayError> {
        let mut intent = self.look(reference).await?;
        intent.check_is_of(charge)?;
        let mut refused = None;
        if intent.status == "requires_confirmation" {
            let form = Form::default().with("off_session", "true");
            let path = format!("/v1/payment_intents/{reference}/confirm");
            refused = self.api.post::<Intent>(&path, &form, None).await?.err();
            // Whatever was answered, what became of it is what the intent says.
            intent = self.look(reference).await?;
        }
        if let Some(outcome) = intent.outcome() {
            return outcome;
        }
        let decline = match intent.status.as_str() {
            "requires_action" => Decline::Confirmation,
            "requires_payment_method" => intent.decline(),
            "requires_confirmation" => self.why_unconfirmed(&intent, refused).await?,
            _ => return Err(intent.unexpected()),
        };
        self.cancel(reference, decline).await
    }

    /// Why an intent could not even be tried.
    async fn why_unconfirmed(&self, intent: &Intent, refused: Option<Refused>) -> Result<Decline, GatewayError> {
        match refused {
            Some(refused) if refused.is_of_card() => Ok(refused.error.decline()),
            Some(refused) => {
                let (method, customer) = (intent.payment_method.as_deref(), intent.customer.as_deref());
                match self.method(method.unwrap_or_default(), customer.unwrap_or_default()).await? {
                    None => Ok(Decline::Gone),
                    Some(_) => Err(refused.unexpected()),
                }
            }
            None => Err(intent.unexpected()),
        }
    }

    /// Makes sure that an intent that did not collect never will: nothing can be done with one that is canceled ("Cancel a
    /// `PaymentIntent`").
    async fn cancel(&self, reference: &str, decline: Decline) -> Result<Option<ChargeOutcome>, GatewayError> {
        let path = format!("/v1/payment_intents/{reference}/cancel");
        // Where it is refused, another one was quicker, or it has moved on.
        let _ = self.api.post::<Intent>(&path, &Form::default(), None).await?;
        let intent = self.look(reference).await?;
        if intent.status == "canceled" {
            return Ok(Some(ChargeOutcome::Declined(decline)));
        }
        intent.outcome().unwrap_or_else(|| Err(intent.unexpected()))
    }

    async fn refund(&self, charge: &Charge, reference: &str) -> Result<Option<ChargeOutcome>, GatewayError> {
        let intent = self.look(reference).await?;
        let amount = intent.check_holds(charge)?;
        let refunds = self.refunds(reference).await?;
        if let Some(way) = refunds.of(charge)? {
            return Ok(way.outcome());
        }
        if refunds.give_back_all(&intent) {
            // Somebody did it at Stripe, by hand.
            return Ok(Some(ChargeOutcome::Moved));
        }
        let form = Form::default().with("payment_intent", reference).with("amount", &amount).marked(charge);
        let key = format!("perennial-refund-{}-{reference}", charge.id);
        match self.api.post::<Refund>("/v1/refunds", &form, Some(&key)).await? {
            Ok(refund) => {
                let way = List { data: vec![refund], has_more: false }.of(charge)?;
                let unmarked = || silent("the refund that was made does not bear the charge's id".to_owned());
                way.map(Way::outcome).ok_or_else(unmarked)
            }
            Err(refused) => {
                let refunds = self.refunds(reference).await?;
                if let Some(way) = refunds.of(charge)? {
                    return Ok(way.outcome());
                }
                if refused.error.code.as_deref() == Some("charge_already_refunded") {
                    // It is under way where not all of it has arrived.
                    return Ok(refunds.give_back_all(&intent).then_some(ChargeOutcome::Moved));
                }
                let id = charge.id;
                tracing::warn!(charge.id = id.0, "Stripe does not refund charge {id} of {reference}: {refused}");
                Ok(Some(ChargeOutcome::Declined(Decline::Declined)))
            }
        }
    }

    async fn refunds(&self, reference: &str) -> Result<List<Refund>, GatewayError> {
        let path = format!("/v1/refunds?payment_intent={reference}&limit={REFUNDS_MAX}");
        let refunds: List<Refund> = self.api.get(&path).await?.map_err(|refused| refused.unexpected())?;
        if refunds.has_more {
            return Err(silent(format!("{reference} has more refunds than can be looked through")));
        }
        Ok(refunds)
    }
}

impl Gateway for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kept<'a>(&'a self, on_file: &'a OnGateway) -> BoxFuture<'a, Result<Option<Kept>, GatewayError>> {
        Box::pin(async {
            let method = self.method(&on_file.method, &on_file.customer).await?;
            Ok(method.as_ref().and_then(Method::kept))
        })
    }

    fn prepare<'a>(
        &'a self,
        charge: &'a Charge,
        method: &'a OnGateway,
        collected: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Prepared, GatewayError>> {
        Box::pin(async move {
            match (charge.direction, collected) {
                (Direction::Collect, _) => self.prepare_collect(charge, method).await,
                (Direction::Refund, Some(collected)) => Ok(Prepared::As(collected.to_owned())),
                (Direction::Refund, None) => Ok(Prepared::Never(ChargeOutcome::Declined(Decline::Declined))),
            }
        })
    }

    fn carry_out<'a>(
        &'a self,
        charge: &'a Charge,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<ChargeOutcome>, GatewayError>> {
        Box::pin(async move {
            match charge.direction {
                Direction::Collect => self.collect(charge, reference).await,
                Direction::Refund => self.refund(charge, reference).await,
            }
        })
    }
}

/// Whether a text can be an id, so that nothing else becomes part of an address.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn silent(cause: String) -> GatewayError {
    GatewayError::Silent(Failure::new("learn from Stripe what became of it", cause))
}

#[cfg(test)]
mod tests;
