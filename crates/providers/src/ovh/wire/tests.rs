//! Every body against its model in the description: same names, same nullable fields, same words.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{auth, bill, hosting, me, money, order, payment, payment_mean, product, service, services};
use crate::common::body::body;
use crate::ovh::description;

/// Returns the model as the description of some section has it.
fn model(name: &str) -> Value {
    let documents = description::sections().map(|section| description::describe(section, "").unwrap());
    let models = documents.map(|document| serde_json::to_value(document).unwrap()["models"].take());
    models.map(|mut models| models[name].take()).find(Value::is_object).unwrap_or_else(|| panic!("no model {name}"))
}

/// Returns a value of a type; with `null` for all that can be, or with nothing `null`.
fn sample(kind: &str, nulls: bool) -> Value {
    if let Some(element) = kind.strip_suffix("[]") {
        return json!([sample(element, nulls)]);
    }
    match kind {
        "boolean" => json!(true),
        "long" => json!(7),
        "double" => json!(12.5),
        "date" => json!("2026-01-31"),
        "datetime" => json!("2026-01-31T12:00:00+01:00"),
        "ipBlock" => json!("10.0.0.0/8"),
        "object" => json!({"key": "value"}),
        "string" | "password" | "uuid" | "duration" | "ipv4" | "ipv6" => json!("text"),
        name => {
            let model = model(name);
            if let Some(words) = model.get("enum") {
                return words[0].clone();
            }
            let properties = model["properties"].as_object().unwrap();
            let property = |property: &Value| {
                if nulls && property["canBeNull"] == true {
                    return Value::Null;
                }
                sample(property["type"].as_str().unwrap(), nulls)
            };
            properties.iter().map(|(name, kind)| (name.clone(), property(kind))).collect::<Map<_, _>>().into()
        }
    }
}

/// Reads a full and an empty sample of the model, and writes them again.
fn agrees<T: Serialize + DeserializeOwned>(name: &str) {
    for nulls in [false, true] {
        let text = sample(name, nulls).to_string();
        let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error} in {text}"));
        let written: Value = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written, expected, "{name}");
    }
}

#[test]
fn bodies_have_the_fields_of_their_models() {
    agrees::<auth::ApiApplication>("auth.ApiApplication");
    agrees::<auth::ApiCredential>("auth.ApiCredential");
    agrees::<auth::ApiCredentialRequest>("auth.ApiCredentialRequest");
    agrees::<auth::ApiCredentialRequestParams>("auth.ApiCredentialRequestParams");
    agrees::<auth::Details>("auth.Details");
    agrees::<auth::Oauth2Client>("oauth2.client");
    agrees::<auth::Oauth2ClientRequest>("oauth2.clientRequest");
    agrees::<auth::Oauth2ClientSecret>("oauth2.clientSecret");
    agrees::<bill::Bill>("billing.Bill");
    agrees::<bill::BillDetail>("billing.BillDetail");
    agrees::<hosting::WebHosting>("hosting.web.ServiceWithIAM");
    agrees::<me::Nichandle>("nichandle.Nichandle");
    agrees::<money::Price>("order.Price");
    agrees::<money::LongPrice>("order.LongPrice");
    agrees::<order::Order>("billing.Order");
    agrees::<order::OrderDetail>("billing.OrderDetail");
    agrees::<order::ItemDetail>("billing.ItemDetail");
    agrees::<order::FollowUp>("billing.order.FollowUp");
    agrees::<order::AssociatedObject>("billing.order.AssociatedObject");
    agrees::<order::Payment>("billing.Payment");
    agrees::<order::RegisteredPaymentMean>("billing.order.RegisteredPaymentMean");
    agrees::<order::PaymentMethods>("billing.order.PaymentMethods");
    agrees::<order::PayWithPaymentMethod>("billing.order.PayWithPaymentMethod");
    agrees::<payment::PaymentMethod>("me.payment.PaymentMethod");
    agrees::<payment::AvailablePaymentMethod>("me.payment.AvailablePaymentMethod");
    agrees::<payment::OvhAccount>("billing.OvhAccount");
    agrees::<payment::Movement>("billing.Movement");
    agrees::<payment_mean::BankAccount>("me.paymentMean.BankAccount");
    agrees::<payment_mean::CreditCard>("me.paymentMean.CreditCard");
    agrees::<payment_mean::Paypal>("me.paymentMean.Paypal");
    agrees::<payment_mean::Deferred>("me.paymentMean.Deferred");
    agrees::<product::ServiceInfos>("services.Service");
    agrees::<product::ConfirmTerminationRequest>("services.confirmTermination");
    agrees::<product::Vps>("vps.VPSWithIAM");
    agrees::<product::Domain>("domain.DomainServiceWithIAM");
    agrees::<service::Service>("serviceList.Service");
    agrees::<service::RenewDescription>("service.renew.RenewDescription");
    agrees::<service::RenewOrder>("service.renew.RenewOrder");
    agrees::<services::Service>("services.expanded.Service");
    agrees::<services::ServiceUpdate>("services.update.Service");
    agrees::<services::TerminateConfirmRequest>("services.terminate.ConfirmServiceTerminationRequest");
    agrees::<services::TerminationAnswer>("services.terminate.TerminationAnswer");
}

/// Holds enumerations against the words of their models, written and parsed.
macro_rules! same_words {
    ($($words:ty = $model:literal),+ $(,)?) => {$({
        let known = <$words>::ALL;
        let written: Vec<Value> = known.iter().map(|word| serde_json::to_value(word).unwrap()).collect();
        let mut words: Vec<&str> = known.iter().map(|word| word.as_str()).collect();
        assert_eq!(written, words, $model);
        assert!(known.iter().all(|word| <$words>::parse(word.as_str()) == Some(*word)), $model);
        words.sort_unstable();
        assert_eq!(json!(words), model($model)["enum"], $model);
    })+};
}

#[test]
fn enumerations_have_the_words_of_their_models() {
    same_words! {
        auth::ApplicationStatus = "auth.ApplicationStatusEnum",
        auth::AuthMethod = "auth.MethodEnum",
        auth::ClientFlow = "oauth2.ClientFlowEnum",
        auth::CredentialState = "auth.CredentialStateEnum",
        auth::HttpMethod = "auth.HTTPMethodEnum",
        bill::BillCategory = "billing.CategoryEnum",
        hosting::HostingState = "hosting.web.StateEnum",
        me::LegalForm = "nichandle.LegalFormEnum",
        me::NichandleState = "nichandle.StateEnum",
        me::OvhCompany = "nichandle.OvhCompanyEnum",
        order::AssociatedObjectType = "billing.order.associatedObject.TypeEnum",
        order::DetailType = "order.OrderDetailTypeEnum",
        order::FollowUpEvent = "billing.order.followUp.HistoryStatusEnum",
        order::FollowUpStatus = "billing.order.followUp.StatusEnum",
        order::FollowUpStep = "billing.order.followUp.StepEnum",
        order::OrderAction = "billing.ItemDetail.OrderActionEnum",
        order::OrderItemType = "billing.ItemDetail.OrderDetailTypeEnum",
        order::OrderStatus = "billing.order.OrderStatusEnum",
        order::PaymentMean = "billing.PaymentMeanEnum",
        order::RetractionReason = "billing.order.RetractionReasonEnum",
        order::ReusablePaymentMean = "billing.ReusablePaymentMeanEnum",
        payment::Integration = "payment.method.IntegrationType",
        payment::MethodStatus = "me.payment.method.StatusEnum",
        payment::MovementOperation = "billing.ovhAccount.OperationEnum",
        payment_mean::BankAccountState = "me.paymentMean.BankAccountStateEnum",
        payment_mean::CreditCardState = "me.paymentMean.CreditCardStateEnum",
        payment_mean::DeferredState = "me.paymentMean.DeferredStateEnum",
        payment_mean::PaypalState = "me.paymentMean.PaypalStateEnum",
        product::DomainRenewalState = "domain.RenewalStateEnum",
        product::DomainState = "domain.DomainStateEnum",
        product::DomainSuspensionState = "domain.SuspensionStateEnum",
        product::RenewalType = "service.RenewalTypeEnum",
        product::ServiceState = "service.StateEnum",
        product::TerminationFutureUse = "service.TerminationFutureUseEnum",
        product::TerminationReason = "service.TerminationReasonEnum",
        product::VpsState = "vps.VpsStateEnum",
        service::BillingState = "service.BillingStateEnum",
        service::Interval = "service.renew.Interval",
        service::RenewMode = "service.renew.Mode",
        service::ResourceState = "service.ResourceStateEnum",
        services::ContactType = "services.expanded.Customer.Contact.TypeEnum",
        services::EndStrategy = "services.billing.engagement.EndStrategyEnum",
        services::EngagementType = "services.billing.engagement.TypeEnum",
        services::LifecycleAction = "services.expanded.Lifecycle.ActionEnum",
        services::LifecycleState = "services.expanded.Lifecycle.StateEnum",
        services::PricingCapacity = "order.cart.GenericProductPricingCapacitiesEnum",
        services::PricingType = "order.cart.GenericProductPricingTypeEnum",
        services::RenewMode = "services.expanded.Renew.ModeEnum",
        services::ResourceState = "services.expanded.Resource.StateEnum",
        services::TerminationPolicy = "services.expanded.terminationPolicyEnum",
    }
}

/// Reads a body of which every field may be absent or `null`, and returns what is then written.
fn lenient<T: DeserializeOwned + Serialize + Debug + PartialEq>(empty: &str) {
    let read: T = body(b"").unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), empty);
    assert_eq!(body::<T>(empty.as_bytes()).unwrap(), read);
}

#[test]
fn an_update_may_leave_out_what_it_leaves_alone() {
    lenient::<auth::ApiCredentialUpdate>(r#"{"allowedIPs":null}"#);
    lenient::<auth::Oauth2ClientUpdate>(r#"{"callbackUrls":null,"description":null,"name":null}"#);
    lenient::<payment::PaymentMethodUpdate>(r#"{"default":null,"description":null}"#);
    lenient::<payment_mean::PaymentMeanUpdate>(r#"{"description":null}"#);
    lenient::<product::DisplayNameUpdate>(r#"{"displayName":null}"#);
    lenient::<product::ServiceInfosUpdate>(r#"{"renew":null}"#);
    lenient::<service::ServiceUpdate>(r#"{"resource":null}"#);
    lenient::<services::ServiceUpdate>(r#"{"displayName":null,"renew":null,"terminationPolicy":null}"#);
}

#[test]
fn an_object_that_was_read_can_be_sent_back_as_a_whole() {
    let read = |name| sample(name, false).to_string().into_bytes();
    let renew = body::<product::ServiceInfosUpdate>(&read("services.Service")).unwrap().renew.unwrap();
    assert_eq!((renew.automatic, renew.period), (Some(true), Some(7)));
    let resource = body::<service::ServiceUpdate>(&read("serviceList.Service")).unwrap().resource.unwrap();
    assert_eq!(resource.display_name.as_deref(), Some("text"));
    let hosting = body::<product::DisplayNameUpdate>(&read("hosting.web.Service")).unwrap();
    assert_eq!(hosting.display_name.as_deref(), Some("text"));
}
