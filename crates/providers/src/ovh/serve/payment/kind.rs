//! The kinds of paying, in the three vocabularies that the API has for them.

use perennial_core::payment::MethodKind;

use crate::ovh::wire::order::{PaymentMean, ReusablePaymentMean};

/// What an order can be paid with, by a word of [`ReusablePaymentMean`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Means {
    /// Prepaid money.
    Balance,
    /// The credit line.
    CreditLine,
    /// A registered method of this kind, which has to be named.
    Registered(MethodKind),
}

/// Reads the word for a mean, old or new; none for those that exist elsewhere only.
pub(in super::super) const fn means(word: ReusablePaymentMean) -> Option<Means> {
    use ReusablePaymentMean as Word;
    match word {
        Word::OvhAccount => Some(Means::Balance),
        Word::DeferredPaymentAccount | Word::DeferredPaymentAccountMethod => Some(Means::CreditLine),
        Word::Paypal | Word::PaypalMethod => Some(Means::Registered(MethodKind::PayPal)),
        Word::CreditCard | Word::CreditCardMethod | Word::DomesticCardMethod => {
            Some(Means::Registered(MethodKind::Card))
        }
        Word::BankAccount | Word::SepaDirectDebitMethod => Some(Means::Registered(MethodKind::BankTransfer)),
        Word::CurrentAccountMethod
        | Word::EnterpriseMethod
        | Word::InternalTrustedAccountMethod
        | Word::RupayMethod
        | Word::FidelityAccount => None,
    }
}

/// The word for a kind among the registered means; bitcoin has none.
pub(in super::super) const fn reusable_mean(kind: MethodKind) -> Option<ReusablePaymentMean> {
    match kind {
        MethodKind::Balance => Some(ReusablePaymentMean::OvhAccount),
        MethodKind::CreditLine => Some(ReusablePaymentMean::DeferredPaymentAccount),
        MethodKind::Card => Some(ReusablePaymentMean::CreditCard),
        MethodKind::PayPal => Some(ReusablePaymentMean::Paypal),
        MethodKind::BankTransfer => Some(ReusablePaymentMean::BankAccount),
        MethodKind::Bitcoin => None,
    }
}

/// The word for a kind on a payment. That a debited bank account is a `withdrawal` is unverified; bitcoin has no word,
/// and is money that was transferred.
pub(in super::super) const fn payment_mean(kind: MethodKind) -> PaymentMean {
    match kind {
        MethodKind::Balance => PaymentMean::OvhAccount,
        MethodKind::CreditLine => PaymentMean::CreditAccount,
        MethodKind::Card => PaymentMean::CreditCard,
        MethodKind::PayPal => PaymentMean::Paypal,
        MethodKind::BankTransfer => PaymentMean::Withdrawal,
        MethodKind::Bitcoin => PaymentMean::Transfer,
    }
}

/// The word for a kind of payment method. The schema leaves these words open; `BITCOIN` is ours.
pub(super) const fn payment_type(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Balance => "INTERNAL_TRUSTED_ACCOUNT",
        MethodKind::CreditLine => "DEFERRED_PAYMENT_ACCOUNT",
        MethodKind::Card => "CREDIT_CARD",
        MethodKind::PayPal => "PAYPAL",
        MethodKind::BankTransfer => "SEPA_DIRECT_DEBIT",
        MethodKind::Bitcoin => "BITCOIN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_offered_is_taken() {
        for kind in MethodKind::ALL {
            let taken = reusable_mean(kind).map(means);
            let wanted = match kind {
                MethodKind::Balance => Some(Some(Means::Balance)),
                MethodKind::CreditLine => Some(Some(Means::CreditLine)),
                MethodKind::Bitcoin => None,
                kind => Some(Some(Means::Registered(kind))),
            };
            assert_eq!(taken, wanted, "{kind:?}");
        }
    }

    #[test]
    fn old_and_new_words_mean_the_same() {
        use ReusablePaymentMean as Word;
        for (old, new) in [
            (Word::Paypal, Word::PaypalMethod),
            (Word::CreditCard, Word::CreditCardMethod),
            (Word::CreditCard, Word::DomesticCardMethod),
            (Word::BankAccount, Word::SepaDirectDebitMethod),
            (Word::DeferredPaymentAccount, Word::DeferredPaymentAccountMethod),
        ] {
            assert_eq!(means(old), means(new), "{new:?}");
        }
        let unknown = Word::ALL.iter().filter(|word| means(**word).is_none()).count();
        assert_eq!(unknown, 5);
    }
}
