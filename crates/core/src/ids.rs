//! Ids: one type a kind, so that an order can never be passed where a service is due.
//!
//! Inside, ids are small integers given by the store in order of creation. How a dialect writes them on the wire is
//! that dialect's business.

use std::fmt;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A customer of the seller.
    AccountId
}
id! {
    /// A thing that is paid ahead and ends.
    ServiceId
}
id! {
    /// What a service is an instance of.
    ProductId
}
id! {
    /// A placed renewal. Orders are numbered without gaps, from 1.
    OrderId
}
id! {
    /// A document of money: an original invoice or a credit note.
    InvoiceId
}
id! {
    /// A registered means of paying.
    MethodId
}
id! {
    /// A coupon of an account.
    CouponId
}
id! {
    /// Money that a gateway is to move.
    ChargeId
}
id! {
    /// The report of a piece of work on many services.
    JobId
}
id! {
    /// An application: the holder of a signing secret.
    ApplicationId
}
id! {
    /// A credential: what a request presents to act for an account.
    CredentialId
}
