//! A connection with its prepared statements and the price list it knows. It reads for readers and for batches alike.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::credential::{Application, Credential};
use perennial_core::ids::{AccountId, InvoiceId, MethodId, OrderId, ServiceId};
use perennial_core::invoice::Invoice;
use perennial_core::ledger::Transfer;
use perennial_core::link::PaymentLink;
use perennial_core::notice::Notice;
use perennial_core::ports::{Books, Failure, Span};
use perennial_core::product::{Catalogue, Kind};
use perennial_core::snapshot::{Snapshot, Want};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Result, Row, params};

use super::{load, rows, sql};
use crate::Due;

/// More than there are statements, so that each is prepared once a connection.
const STATEMENTS_CACHED: usize = 256;

/// How long a connection waits for another process before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The last price list that was read.
pub(super) type CatalogueCache = Arc<Mutex<Arc<Catalogue>>>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It writes, and so has to know the numbers that come next.
    Writer,
    /// It reads.
    Reader,
}

/// A connection that reads the ledger.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) role: Role,
    catalogue: CatalogueCache,
}

/// Opens a connection and sets it up with the statements of one file.
pub(super) fn connect(path: &Path, flags: OpenFlags, setup: &str) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // Without this SQLite prepares some statements anew for each value that is bound, in search of a better plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(setup)?;
    Ok(connection)
}

impl Session {
    pub(super) fn new(connection: Connection, role: Role, catalogue: CatalogueCache) -> Self {
        Self { connection, role, catalogue }
    }

    /// Runs a statement that changes rows; tells how many.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// The first row, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(params, read).optional()
    }

    /// All rows.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    /// Reads several statements as of one moment: in the transaction that is open, or else in one of its own.
    pub(super) fn at_once<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if !self.connection.is_autocommit() {
            return read(self);
        }
        self.execute("begin", [])?;
        let answer = read(self);
        self.execute("rollback", [])?;
        answer
    }

    /// The price list that holds, read again only when it has changed.
    pub(super) fn catalogue(&self) -> Result<Arc<Catalogue>> {
        let version = self.row(sql::CATALOGUE_VERSION, [], |row| row.get(0))?.unwrap_or_default();
        let mut known = self.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        if known.version != version {
            *known = Arc::new(load::catalogue(self, version)?);
        }
        Ok(Arc::clone(&known))
    }

    /// Reads the price list again the next time: what was read may have been rolled back.
    pub(super) fn forget_catalogue(&self) {
        *self.catalogue.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    pub(super) fn services_due(&self, before: Date, after: Option<Due>, rows_max: u32) -> Result<Vec<Due>, Failure> {
        let after = after.map_or((String::new(), 0), |after| (after.until.to_string(), after.service.0));
        self.rows(sql::SERVICES_DUE, params![after.0, after.1, before.to_string(), rows_max], rows::due)
            .map_err(failed("list what is due"))
    }

    pub(super) fn notices_waiting(&self, rows_max: u32) -> Result<Vec<(i64, Notice)>, Failure> {
        self.rows(sql::NOTICES_WAITING, [rows_max], rows::notice).map_err(failed("list waiting notices"))
    }
}

/// Says what was being done when the database failed.
pub(super) fn failed(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Failure {
    move |error| Failure::new(doing, error)
}

/// The ends of a span, as far as instants go.
fn ends(span: Span) -> (i64, i64) {
    (span.from.unwrap_or(Timestamp::MIN).as_microsecond(), span.to.unwrap_or(Timestamp::MAX).as_microsecond())
}

impl Books for Session {
    fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure> {
        self.at_once(|session| load::snapshot(session, wants)).map_err(failed("load a batch"))
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, Failure> {
        self.row(sql::ACCOUNT, [id.0], rows::account).map_err(failed("read an account"))
    }

    fn account_ids(&self) -> Result<Vec<AccountId>, Failure> {
        self.rows(sql::ACCOUNT_IDS, [], |row| row.get(0).map(AccountId)).map_err(failed("list accounts"))
    }

    fn find_account(&self, code: &str) -> Result<Option<AccountId>, Failure> {
        self.row(sql::ACCOUNT_FIND, [code], |row| row.get(0).map(AccountId)).map_err(failed("find an account"))
    }

    fn service_ids(&self, account: AccountId, kind: Option<Kind>) -> Result<Vec<ServiceId>, Failure> {
        let id = |row: &Row<'_>| row.get(0).map(ServiceId);
        match kind {
            None => self.rows(sql::SERVICE_IDS, [account.0], id),
            Some(kind) => self.rows(sql::SERVICE_IDS_OF_KIND, params![account.0, kind.word()], id),
        }
        .map_err(failed("list services"))
    }

    fn find_service(&self, account: AccountId, kind: Kind, name: &str) -> Result<Option<ServiceId>, Failure> {
        self.row(sql::SERVICE_FIND, params![kind.word(), name, account.0], |row| row.get(0).map(ServiceId))
            .map_err(failed("find a service"))
    }

    fn order_ids(&self, account: AccountId, placed: Span) -> Result<Vec<OrderId>, Failure> {
        let (from, to) = ends(placed);
        self.rows(sql::ORDER_IDS, [account.0, from, to], |row| row.get(0).map(OrderId)).map_err(failed("list orders"))
    }

    fn invoices(&self, account: AccountId, issued: Span) -> Result<Vec<Invoice>, Failure> {
        let (from, to) = ends(issued);
        self.rows(sql::INVOICES, [account.0, from, to], rows::invoice).map_err(failed("list invoices"))
    }

    fn invoice(&self, account: AccountId, id: InvoiceId) -> Result<Option<Invoice>, Failure> {
        self.row(sql::INVOICE, [id.0, account.0], rows::invoice).map_err(failed("read an invoice"))
    }

    fn find_invoice(&self, account: AccountId, series: &str, number: i64) -> Result<Option<Invoice>, Failure> {
        self.row(sql::INVOICE_FIND, params![series, number, account.0], rows::invoice)
            .map_err(failed("find an invoice"))
    }

    fn method_ids(&self, account: AccountId) -> Result<Vec<MethodId>, Failure> {
        self.rows(sql::METHOD_IDS, [account.0], |row| row.get(0).map(MethodId)).map_err(failed("list payment methods"))
    }

    fn find_link(&self, token: &str) -> Result<Option<PaymentLink>, Failure> {
        self.row(sql::LINK_FIND, [token], rows::link).map_err(failed("find a payment link"))
    }

    fn balance_movements(&self, account: AccountId, booked: Span) -> Result<Vec<(i64, Transfer)>, Failure> {
        let (from, to) = ends(booked);
        self.rows(sql::BALANCE_MOVEMENTS, [account.0, from, to], rows::transfer)
            .map_err(failed("list balance movements"))
    }

    fn access_version(&self) -> Result<i64, Failure> {
        let version =
            self.row(sql::ACCESS_VERSION, [], |row| row.get(0)).map_err(failed("read the version of access"))?;
        Ok(version.unwrap_or_default())
    }

    fn find_application(&self, dialect: &str, key: &str) -> Result<Option<Application>, Failure> {
        self.row(sql::APPLICATION_FIND, [dialect, key], rows::application).map_err(failed("find an application"))
    }

    fn applications(&self, owner: AccountId) -> Result<Vec<Application>, Failure> {
        self.rows(sql::APPLICATIONS, [owner.0], rows::application).map_err(failed("list applications"))
    }

    fn find_credential(&self, dialect: &str, digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
        self.row(sql::CREDENTIAL_FIND, params![digest, dialect], rows::credential).map_err(failed("find a credential"))
    }

    fn find_pending_credential(&self, approval_digest: &[u8; 32]) -> Result<Option<Credential>, Failure> {
        self.row(sql::CREDENTIAL_PENDING, [approval_digest], rows::credential).map_err(failed("find a credential"))
    }

    fn credentials(&self, account: AccountId) -> Result<Vec<Credential>, Failure> {
        self.rows(sql::CREDENTIALS, [account.0], rows::credential).map_err(failed("list credentials"))
    }
}
