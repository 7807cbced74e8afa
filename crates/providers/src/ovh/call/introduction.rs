//! Who we are there, and what the credentials may not do.

use perennial_core::buyer::remote::{CallError, Introduction};

use super::api::Api;
use super::wire::{Details, Nichandle, Rule};
use crate::ovh::wire::auth::{AccessRule, HttpMethod};

/// The calls that renewing needs; `*` stands for an id.
const NEEDS: [(HttpMethod, &str); 17] = [
    (HttpMethod::Get, "/services"),
    (HttpMethod::Get, "/services/*"),
    (HttpMethod::Put, "/services/*"),
    (HttpMethod::Get, "/service/*"),
    (HttpMethod::Get, "/service/*/renew"),
    (HttpMethod::Post, "/service/*/renew"),
    (HttpMethod::Get, "/me/order"),
    (HttpMethod::Get, "/me/order/*"),
    (HttpMethod::Post, "/me/order/*/pay"),
    (HttpMethod::Post, "/me/order/*/payWithRegisteredPaymentMean"),
    (HttpMethod::Get, "/me/bill"),
    (HttpMethod::Get, "/me/bill/*"),
    (HttpMethod::Get, "/me/payment/method"),
    (HttpMethod::Get, "/me/payment/method/*"),
    (HttpMethod::Get, "/me/paymentMean/deferredPaymentAccount"),
    (HttpMethod::Get, "/me/ovhAccount"),
    (HttpMethod::Get, "/me/ovhAccount/*"),
];

/// The code for a call that the credential's rules do not cover.
const NOT_GRANTED: &str = "NOT_GRANTED_CALL";

/// Asks who we are; that proves the keys, and tells the rules that they come with. Where that call itself is not granted,
/// the account is asked.
pub(super) async fn introduce(api: &Api) -> Result<Introduction, CallError> {
    let ahead = Some(api.ahead().await?);
    match api.get::<Details>("/auth/details").await {
        Ok(Details { account, allowed_routes }) => {
            let lacks = allowed_routes.map(|rules| lacks(&rules)).unwrap_or_default();
            Ok(Introduction { account, ahead, lacks })
        }
        Err(CallError::Refused { said, .. }) if said.status == 404 || said.code.as_deref() == Some(NOT_GRANTED) => {
            let Nichandle { nichandle: account } = api.get("/me").await?;
            Ok(Introduction { account, ahead, lacks: Vec::new() })
        }
        Err(error) => Err(error),
    }
}

/// The calls that no rule covers.
fn lacks(rules: &[Rule]) -> Vec<String> {
    let known = |rule: &Rule| Some(AccessRule { method: HttpMethod::parse(&rule.method)?, path: rule.path.clone() });
    let rules: Vec<_> = rules.iter().filter_map(known).collect();
    let covered = |method, path: &str| rules.iter().any(|rule| rule.allows(method, &path.replace('*', "1")));
    let missing = NEEDS.iter().filter(|(method, path)| !covered(*method, path));
    missing.map(|(method, path)| format!("{} {path}", method.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_rule_covers_is_lacking() {
        let rule = |method: &str, path: &str| Rule { method: method.to_owned(), path: path.to_owned() };
        let all = ["GET", "POST", "PUT"].map(|method| rule(method, "/*"));
        assert!(lacks(&all).is_empty());
        let reader = [rule("GET", "/*"), rule("PATCH", "/*")];
        assert_eq!(
            lacks(&reader),
            [
                "PUT /services/*",
                "POST /service/*/renew",
                "POST /me/order/*/pay",
                "POST /me/order/*/payWithRegisteredPaymentMean",
            ]
        );
        let narrow = [rule("GET", "/me/order/*"), rule("GET", "/me/order")];
        let lacking = lacks(&narrow);
        assert!(!lacking.iter().any(|call| call.contains("GET /me/order")), "{lacking:?}");
    }
}
