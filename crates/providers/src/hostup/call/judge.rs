//! What a refusal of something that costs money means: no, not yet, or nothing that can be relied on.

use perennial_core::buyer::remote::{Outcome, Said};

/// Refusals of ordering: a renewal of the service stands already, or its state does not allow one. Both look alike where
/// the gate behind them has no code, so what is true is read back. The last is inferred for hosting and VPS.
const RENEWAL_STANDS: [&str; 3] = ["domain_not_renewable", "existing_invoice_blocking", "service_not_renewable"];

/// Refusals of paying: it is being paid (documented), or is paid (inferred).
const PAYMENT_STANDS: [&str; 2] = ["invoice_payment_in_progress", "invoice_already_paid"];

/// Conflicts that say for certain that nothing was done. The last two are inferred: what is paid is gone, or asks for
/// something else by now.
const FINAL_CONFLICTS: [&str; 4] = ["domain_not_eligible", "domain_conflict", "invoice_not_payable", "invoice_changed"];

/// What a refusal of ordering a renewal means.
pub(super) fn of_order(said: Said) -> Outcome {
    judged(said, &RENEWAL_STANDS)
}

/// What a refusal of paying an invoice means.
pub(super) fn of_payment(said: Said) -> Outcome {
    judged(said, &PAYMENT_STANDS)
}

/// A refusal is final where its status says that the request was wrong. A conflict is so only with a code that is known to
/// be: an unknown one may say that the thing was done before. What failed further up is never known.
fn judged(said: Said, stands: &[&str]) -> Outcome {
    const CONFLICT: u16 = 409;
    /// Time-outs, locks and early data: none is documented here.
    const NOT_FINAL: [u16; 3] = [408, 423, 425];
    let code = said.code.as_deref().unwrap_or_default();
    if stands.contains(&code) {
        return Outcome::Pending(said);
    }
    let is_unknown_conflict = said.status == CONFLICT && !FINAL_CONFLICTS.contains(&code);
    if is_unknown_conflict || NOT_FINAL.contains(&said.status) || code.starts_with("upstream_") || code.is_empty() {
        return Outcome::Unknown { cause: format!("it refused in a way from which nothing follows: {said}") };
    }
    Outcome::Refused(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_final_only_where_it_is_known_to_be() {
        #[derive(Debug, PartialEq)]
        enum Is {
            Refused,
            Pending,
            Unknown,
        }
        let kind = |outcome| match outcome {
            Outcome::Refused(_) => Is::Refused,
            Outcome::Pending(_) => Is::Pending,
            Outcome::Unknown { .. } => Is::Unknown,
            other => panic!("{other:?}"),
        };
        for (status, code, order, payment) in [
            (400, "invalid_request", Is::Refused, Is::Refused),
            (401, "unauthorized", Is::Refused, Is::Refused),
            (402, "payment_failed", Is::Refused, Is::Refused),
            (403, "forbidden", Is::Refused, Is::Refused),
            (403, "account_inactive", Is::Refused, Is::Refused),
            (404, "not_found", Is::Refused, Is::Refused),
            (400, "domain_not_eligible", Is::Refused, Is::Refused),
            (409, "domain_not_eligible", Is::Refused, Is::Refused),
            (409, "domain_not_renewable", Is::Pending, Is::Unknown),
            (409, "existing_invoice_blocking", Is::Pending, Is::Unknown),
            (409, "invoice_payment_in_progress", Is::Unknown, Is::Pending),
            (409, "invoice_already_paid", Is::Unknown, Is::Pending),
            (409, "invoice_not_payable", Is::Refused, Is::Refused),
            (409, "something_new", Is::Unknown, Is::Unknown),
            (409, "upstream_failed", Is::Unknown, Is::Unknown),
            (400, "upstream_unavailable", Is::Unknown, Is::Unknown),
            (418, "something_new", Is::Refused, Is::Refused),
            (408, "request_timeout", Is::Unknown, Is::Unknown),
            (423, "locked", Is::Unknown, Is::Unknown),
        ] {
            let said = || Said { status, code: Some(code.to_owned()), text: String::new() };
            assert_eq!((kind(of_order(said())), kind(of_payment(said()))), (order, payment), "{status} {code}");
        }
    }
}
