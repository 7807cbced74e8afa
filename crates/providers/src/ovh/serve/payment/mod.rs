//! `/me/payment`, `/me/paymentMean` and `/me/ovhAccount`: what an account pays with. Registered methods are in `method`,
//! the older views of the same methods in `mean`, prepaid money in `balance`.

mod balance;
pub(super) mod kind;
mod mean;
pub(super) mod method;

use self::mean::Mean::{BankAccount, CreditCard, Paypal};
use super::table::{Row, act, read};
use crate::ovh::wire::auth::HttpMethod::{Delete, Post, Put};

pub(super) const ROWS: &[Row] = &[
    read("/me/payment/method", "payment-methods", method::list),
    read("/me/payment/method/{paymentMethodId}", "payment-method", method::object),
    act(Put, "/me/payment/method/{paymentMethodId}", "edit-payment-method", method::edit),
    act(Delete, "/me/payment/method/{paymentMethodId}", "remove-payment-method", method::remove),
    read("/me/payment/availableMethods", "available-methods", method::available),
    read("/me/paymentMean/bankAccount", "payment-means", mean::bank_accounts),
    read("/me/paymentMean/bankAccount/{id}", "payment-mean", |context| mean::object(context, BankAccount)),
    act(Put, "/me/paymentMean/bankAccount/{id}", "edit-payment-mean", |context| mean::edit(context, BankAccount)),
    act(Post, "/me/paymentMean/bankAccount/{id}/chooseAsDefaultPaymentMean", "choose-payment-mean", |context| {
        mean::choose(context, BankAccount)
    }),
    read("/me/paymentMean/creditCard", "payment-means", |context| mean::list(context, CreditCard)),
    read("/me/paymentMean/creditCard/{id}", "payment-mean", |context| mean::object(context, CreditCard)),
    act(Put, "/me/paymentMean/creditCard/{id}", "edit-payment-mean", |context| mean::edit(context, CreditCard)),
    act(Post, "/me/paymentMean/creditCard/{id}/chooseAsDefaultPaymentMean", "choose-payment-mean", |context| {
        mean::choose(context, CreditCard)
    }),
    read("/me/paymentMean/paypal", "payment-means", |context| mean::list(context, Paypal)),
    read("/me/paymentMean/paypal/{id}", "payment-mean", |context| mean::object(context, Paypal)),
    act(Put, "/me/paymentMean/paypal/{id}", "edit-payment-mean", |context| mean::edit(context, Paypal)),
    act(Post, "/me/paymentMean/paypal/{id}/chooseAsDefaultPaymentMean", "choose-payment-mean", |context| {
        mean::choose(context, Paypal)
    }),
    read("/me/paymentMean/deferredPaymentAccount", "payment-means", mean::deferred_accounts),
    read("/me/paymentMean/deferredPaymentAccount/{id}", "payment-mean", mean::deferred_account),
    act(Put, "/me/paymentMean/deferredPaymentAccount/{id}", "edit-payment-mean", mean::edit_deferred),
    act(
        Post,
        "/me/paymentMean/deferredPaymentAccount/{id}/chooseAsDefaultPaymentMean",
        "choose-payment-mean",
        mean::choose_deferred,
    ),
    read("/me/ovhAccount", "prepaid-accounts", balance::accounts),
    read("/me/ovhAccount/{ovhAccountId}", "prepaid-account", balance::account),
    read("/me/ovhAccount/{ovhAccountId}/movements", "movements", balance::movements),
    read("/me/ovhAccount/{ovhAccountId}/movements/{movementId}", "movement", balance::movement),
];
