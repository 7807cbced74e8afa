//! Readers and batches read alike: both hand every question on to a [`Session`](super::session::Session).

/// Implements `Books` for a type whose method `read` lends a session to a closure.
macro_rules! books_by_session {
    ($owner:ty) => {
        impl ::perennial_core::ports::Books for $owner {
            fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure> {
                self.read(|session| session.load(wants))
            }

            fn account(&self, id: AccountId) -> Result<Option<Account>, Failure> {
                self.read(|session| session.account(id))
            }

            fn account_ids(&self) -> Result<Vec<AccountId>, Failure> {
                self.read(|session| session.account_ids())
            }

            fn find_account(&self, code: &str) -> Result<Option<AccountId>, Failure> {
                self.read(|session| session.find_account(code))
            }

            fn service_ids(&self, account: AccountId, kind: Option<Kind>) -> Result<Vec<ServiceId>, Failure> {
                self.read(|session| session.service_ids(account, kind))
            }

            fn find_service(&self, account: AccountId, kind: Kind, name: &str) -> Result<Option<ServiceId>, Failure> {
                self.read(|session| session.find_service(account, kind, name))
            }

            fn order_ids(&self, account: AccountId, placed: Span) -> Result<Vec<OrderId>, Failure> {
                self.read(|session| session.order_ids(account, placed))
            }

            fn invoices(&self, account: AccountId, issued: Span) -> Result<Vec<Invoice>, Failure> {
                self.read(|session| session.invoices(account, issued))
            }

            fn invoice(&self, account: AccountId, id: InvoiceId) -> Result<Option<Invoice>, Failure> {
                self.read(|session| session.invoice(account, id))
            }

            fn find_invoice(&self, account: AccountId, series: &str, number: i64) -> Result<Option<Invoice>, Failure> {
                self.read(|session| session.find_invoice(account, series, number))
            }

            fn method_ids(&self, account: AccountId) -> Result<Vec<MethodId>, Failure> {
                self.read(|session| session.method_ids(account))
            }

            fn find_link(&self, token: &str) -> Result<Option<PaymentLink>, Failure> {
                self.read(|session| session.find_link(token))
            }

            fn balance_movements(&self, account: AccountId, booked: Span) -> Result<Vec<(i64, Transfer)>, Failure> {
                self.read(|session| session.balance_movements(account, booked))
            }

            fn access_version(&self) -> Result<i64, Failure> {
                self.read(|session| session.access_version())
            }

            fn find_application(&self, dialect: &str, key: &str) -> Result<Option<Application>, Failure> {
                self.read(|session| session.find_application(dialect, key))
            }

            fn applications(&self, owner: AccountId) -> Result<Vec<Application>, Failure> {
                self.read(|session| session.applications(owner))
            }

            fn find_credential(&self, dialect: &str, digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
                self.read(|session| session.find_credential(dialect, digest))
            }

            fn find_pending_credential(&self, approval_digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
                self.read(|session| session.find_pending_credential(approval_digest))
            }

            fn credentials(&self, account: AccountId) -> Result<Vec<Credential>, Failure> {
                self.read(|session| session.credentials(account))
            }
        }
    };
}
pub(super) use books_by_session;

/// What the macro names.
pub(super) mod prelude {
    pub(in crate::sqlite) use perennial_core::account::Account;
    pub(in crate::sqlite) use perennial_core::credential::{Application, Credential};
    pub(in crate::sqlite) use perennial_core::ids::{AccountId, InvoiceId, MethodId, OrderId, ServiceId};
    pub(in crate::sqlite) use perennial_core::invoice::Invoice;
    pub(in crate::sqlite) use perennial_core::ledger::Transfer;
    pub(in crate::sqlite) use perennial_core::link::PaymentLink;
    pub(in crate::sqlite) use perennial_core::ports::{Failure, Span};
    pub(in crate::sqlite) use perennial_core::product::Kind;
    pub(in crate::sqlite) use perennial_core::snapshot::{Snapshot, Want};
}
