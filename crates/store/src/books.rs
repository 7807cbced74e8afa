//! What is read of the ledger. Readers and batches read alike: both hand every question on to a [`Session`].

use perennial_core::ports::Books;

use self::prelude::*;
use crate::buyer::{holdings, intents};
use crate::columns::Columns;
use crate::driver::{Driver, Reading, params};
use crate::session::{Session, failed};
use crate::{Records, audit, load, rows, sql};

impl<D: Driver> Books for Session<D> {
    fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure> {
        self.at_once(Reading::Rows, |session| load::snapshot(session, wants)).map_err(failed("load a batch"))
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, Failure> {
        self.row(sql::ACCOUNT, params![id.0], rows::account::<D>).map_err(failed("read an account"))
    }

    fn account_ids(&self) -> Result<Vec<AccountId>, Failure> {
        self.rows(sql::ACCOUNT_IDS, params![], |row| Columns::of(row).take().map(AccountId))
            .map_err(failed("list accounts"))
    }

    fn find_account(&self, code: &str) -> Result<Option<AccountId>, Failure> {
        self.row(sql::ACCOUNT_FIND, params![code], |row| Columns::of(row).take().map(AccountId))
            .map_err(failed("find an account"))
    }

    fn service_ids(&self, account: AccountId, kind: Option<Kind>) -> Result<Vec<ServiceId>, Failure> {
        let id = |row: &D::Row<'_>| Columns::of(row).take().map(ServiceId);
        match kind {
            None => self.rows(sql::SERVICE_IDS, params![account.0], id),
            Some(kind) => self.rows(sql::SERVICE_IDS_OF_KIND, params![account.0, kind.word()], id),
        }
        .map_err(failed("list services"))
    }

    fn find_service(&self, account: AccountId, kind: Kind, name: &str) -> Result<Option<ServiceId>, Failure> {
        self.row(sql::SERVICE_FIND, params![kind.word(), name, account.0], |row| Columns::of(row).take().map(ServiceId))
            .map_err(failed("find a service"))
    }

    fn order_ids(&self, account: AccountId, placed: Span) -> Result<Vec<OrderId>, Failure> {
        let (from, to) = ends(placed);
        self.rows(sql::ORDER_IDS, params![account.0, from, to], |row| Columns::of(row).take().map(OrderId))
            .map_err(failed("list orders"))
    }

    fn invoices(&self, account: AccountId, issued: Span) -> Result<Vec<Invoice>, Failure> {
        let (from, to) = ends(issued);
        self.rows(sql::INVOICES, params![account.0, from, to], rows::invoice::<D>).map_err(failed("list invoices"))
    }

    fn invoice(&self, account: AccountId, id: InvoiceId) -> Result<Option<Invoice>, Failure> {
        self.row(sql::INVOICE, params![id.0, account.0], rows::invoice::<D>).map_err(failed("read an invoice"))
    }

    fn find_invoice(&self, account: AccountId, series: &str, number: i64) -> Result<Option<Invoice>, Failure> {
        self.row(sql::INVOICE_FIND, params![series, number, account.0], rows::invoice::<D>)
            .map_err(failed("find an invoice"))
    }

    fn method_ids(&self, account: AccountId) -> Result<Vec<MethodId>, Failure> {
        self.rows(sql::METHOD_IDS, params![account.0], |row| Columns::of(row).take().map(MethodId))
            .map_err(failed("list payment methods"))
    }

    fn find_link(&self, token: &str) -> Result<Option<PaymentLink>, Failure> {
        self.row(sql::LINK_FIND, params![token], rows::link::<D>).map_err(failed("find a payment link"))
    }

    fn balance_movements(&self, account: AccountId, booked: Span) -> Result<Vec<(i64, Transfer)>, Failure> {
        let (from, to) = ends(booked);
        self.rows(sql::BALANCE_MOVEMENTS, params![account.0, from, to], rows::transfer::<D>)
            .map_err(failed("list balance movements"))
    }

    fn access_version(&self) -> Result<i64, Failure> {
        let version = self
            .row(sql::ACCESS_VERSION, params![], |row| Columns::of(row).take())
            .map_err(failed("read the version of access"))?;
        Ok(version.unwrap_or_default())
    }

    fn find_application(&self, dialect: &str, key: &str) -> Result<Option<Application>, Failure> {
        self.row(sql::APPLICATION_FIND, params![dialect, key], rows::application::<D>)
            .map_err(failed("find an application"))
    }

    fn applications(&self, owner: AccountId) -> Result<Vec<Application>, Failure> {
        self.rows(sql::APPLICATIONS, params![owner.0], rows::application::<D>).map_err(failed("list applications"))
    }

    fn find_credential(&self, dialect: &str, digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
        self.row(sql::CREDENTIAL_FIND, params![*digest, dialect], rows::credential::<D>)
            .map_err(failed("find a credential"))
    }

    fn find_pending_credential(&self, approval_digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
        self.row(sql::CREDENTIAL_PENDING, params![*approval_digest], rows::credential::<D>)
            .map_err(failed("find a credential"))
    }

    fn credentials(&self, account: AccountId) -> Result<Vec<Credential>, Failure> {
        self.rows(sql::CREDENTIALS, params![account.0], rows::credential::<D>).map_err(failed("list credentials"))
    }
}

impl<D: Driver> Records for Session<D> {
    fn services_due(&self, before: Date, after: Option<Due>, rows_max: u32) -> Result<Vec<Due>, Failure> {
        let after = after.map_or((String::new(), 0), |after| (after.until.to_string(), after.service.0));
        self.rows(sql::SERVICES_DUE, params![after.0, after.1, before.to_string(), rows_max], rows::due::<D>)
            .map_err(failed("list what is due"))
    }

    fn notices_waiting(&self, rows_max: u32) -> Result<Vec<Waiting>, Failure> {
        self.rows(sql::NOTICES_WAITING, params![rows_max], rows::notice::<D>).map_err(failed("list waiting notices"))
    }

    fn next_notice(&self) -> Result<Option<Timestamp>, Failure> {
        self.row(sql::NOTICE_NEXT, params![], |row| Columns::of(row).instant())
            .map_err(failed("look for a waiting notice"))
    }

    fn next_charge(&self) -> Result<Option<Timestamp>, Failure> {
        self.row(sql::CHARGE_NEXT, params![], |row| Columns::of(row).instant())
            .map_err(failed("look for an open charge"))
    }

    fn holdings(
        &self,
        filter: &HoldingFilter,
        after: Option<(Date, &HoldingKey)>,
        rows_max: u32,
    ) -> Result<Vec<Holding>, Failure> {
        holdings::page(self, filter, after, rows_max).map_err(failed("list holdings"))
    }

    fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure> {
        holdings::one(self, key).map_err(failed("read a holding"))
    }

    fn find_holdings(&self, name: &str) -> Result<Vec<Holding>, Failure> {
        holdings::find(self, name).map_err(failed("find a holding"))
    }

    fn syncs(&self) -> Result<Vec<Sync>, Failure> {
        holdings::syncs(self).map_err(failed("list readings of inventories"))
    }

    fn intents(&self, filter: IntentFilter) -> Result<Vec<Filed>, Failure> {
        intents::list(self, filter).map_err(failed("list intents"))
    }

    fn find_intent(&self, id_prefix: &str) -> Result<Option<Filed>, Failure> {
        intents::find(self, id_prefix).map_err(failed("find an intent"))
    }

    fn notes(&self, id: &IntentId) -> Result<Vec<Note>, Failure> {
        intents::notes(self, id).map_err(failed("list what happened to an intent"))
    }

    fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure> {
        intents::on_file(self, key, until).map_err(failed("look for an intent"))
    }

    fn spent(&self, since: Timestamp) -> Result<Vec<Spent>, Failure> {
        intents::spent(self, since).map_err(failed("list what was spent"))
    }

    fn audit(&self) -> Result<AuditReport, Failure> {
        self.at_once(Reading::Tables, audit::audit).map_err(failed("audit the books"))
    }
}

/// The ends of a span, as far as instants go.
fn ends(span: Span) -> (i64, i64) {
    (span.from.unwrap_or(Timestamp::MIN).as_microsecond(), span.to.unwrap_or(Timestamp::MAX).as_microsecond())
}

/// Implements `Books` for a type whose method `read` lends a session to a closure, and `read_version` as well: each request
/// asks for the version of access, so there it may be asked once for several.
macro_rules! books_by_session {
    (impl[$($generics:tt)*] $owner:ty) => {
        impl<$($generics)*> ::perennial_core::ports::Books for $owner {
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
                self.read_version(|session| session.access_version())
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
pub(crate) use books_by_session;

/// Implements `Records`, and with it `Books`, in the same way.
macro_rules! records_by_session {
    ($owner:ty) => {
        books_by_session!(impl[] $owner);
        $crate::webhooks::webhooks_by_session!($owner);

        impl $crate::Records for $owner {
            fn services_due(&self, before: Date, after: Option<Due>, rows_max: u32) -> Result<Vec<Due>, Failure> {
                self.read(|session| session.services_due(before, after, rows_max))
            }

            fn notices_waiting(&self, rows_max: u32) -> Result<Vec<Waiting>, Failure> {
                self.read(|session| session.notices_waiting(rows_max))
            }

            fn next_notice(&self) -> Result<Option<Timestamp>, Failure> {
                self.read(|session| session.next_notice())
            }

            fn next_charge(&self) -> Result<Option<Timestamp>, Failure> {
                self.read(|session| session.next_charge())
            }

            fn holdings(
                &self,
                filter: &HoldingFilter,
                after: Option<(Date, &HoldingKey)>,
                rows_max: u32,
            ) -> Result<Vec<Holding>, Failure> {
                self.read(|session| session.holdings(filter, after, rows_max))
            }

            fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure> {
                self.read(|session| session.holding(key))
            }

            fn find_holdings(&self, name: &str) -> Result<Vec<Holding>, Failure> {
                self.read(|session| session.find_holdings(name))
            }

            fn syncs(&self) -> Result<Vec<Sync>, Failure> {
                self.read(|session| session.syncs())
            }

            fn intents(&self, filter: IntentFilter) -> Result<Vec<Filed>, Failure> {
                self.read(|session| session.intents(filter))
            }

            fn find_intent(&self, id_prefix: &str) -> Result<Option<Filed>, Failure> {
                self.read(|session| session.find_intent(id_prefix))
            }

            fn notes(&self, id: &IntentId) -> Result<Vec<Note>, Failure> {
                self.read(|session| session.notes(id))
            }

            fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure> {
                self.read(|session| session.on_file(key, until))
            }

            fn spent(&self, since: Timestamp) -> Result<Vec<Spent>, Failure> {
                self.read(|session| session.spent(since))
            }

            fn audit(&self) -> Result<AuditReport, Failure> {
                self.read(|session| session.audit())
            }
        }
    };
}
pub(crate) use records_by_session;

/// What the macros name.
pub(crate) mod prelude {
    pub(crate) use jiff::Timestamp;
    pub(crate) use jiff::civil::Date;
    pub(crate) use perennial_core::account::Account;
    pub(crate) use perennial_core::buyer::holding::{Holding, HoldingKey};
    pub(crate) use perennial_core::buyer::intent::IntentId;
    pub(crate) use perennial_core::buyer::plan::{OnFile, Spent};
    pub(crate) use perennial_core::credential::{Application, Credential};
    pub(crate) use perennial_core::ids::{AccountId, InvoiceId, MethodId, OrderId, ServiceId};
    pub(crate) use perennial_core::invoice::Invoice;
    pub(crate) use perennial_core::ledger::Transfer;
    pub(crate) use perennial_core::link::PaymentLink;
    pub(crate) use perennial_core::ports::{Failure, Span};
    pub(crate) use perennial_core::product::Kind;
    pub(crate) use perennial_core::snapshot::{Snapshot, Want};

    pub(crate) use crate::{AuditReport, Due, Filed, HoldingFilter, IntentFilter, Note, Sync, Waiting};
}
