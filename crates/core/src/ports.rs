//! Ports: the traits in which the rooms meet. `engine` and `store` stand behind them, `providers` and the binary in
//! front.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::charge::{Charge, ChargeOutcome};
use crate::command::{Command, Reply};
use crate::credential::{Application, Credential};
use crate::ids::{AccountId, InvoiceId, MethodId, OrderId, ServiceId};
use crate::invoice::Invoice;
use crate::ledger::Transfer;
use crate::link::PaymentLink;
use crate::payment::{MethodKind, OnGateway};
use crate::product::Kind;
use crate::refusal::Refusal;
use crate::snapshot::{Snapshot, Want};

/// A future on the heap, so that traits stay object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A part of the house did not answer. Nothing is known to have happened, and nothing that was answered before is lost.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct Failure {
    /// What was being done, such as "load a batch".
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// Says what was being done, and why it failed.
    pub fn new(doing: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing, cause: cause.into() }
    }
}

/// Why a command has no reply.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something did not answer before anything was committed; the command was not carried out.
    #[error(transparent)]
    NotDone(#[from] Failure),
    /// The commit did not answer; whether the command was carried out is not known.
    #[error("it is not known whether this was done")]
    Unknown(#[source] Failure),
    /// Who may call has changed since the caller was looked up; the command was not carried out.
    #[error("who may call has changed")]
    AccessChanged,
    /// The house is closing; the command was not carried out.
    #[error("shutting down")]
    Closing,
}

/// Carries commands out, in batches; a reply is given only once its commit is durable on disk.
pub trait Lane: Send + Sync {
    /// Carries one command out.
    ///
    /// # Errors
    /// [`Rejection`]; the command changed nothing when it was refused.
    fn submit(&self, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>> {
        self.submit_at(None, command)
    }

    /// Carries one command out; where a version of access is given (see [`Books::access_version`]), at which its caller was
    /// looked up, only if that is still the one that holds.
    ///
    /// # Errors
    /// [`Rejection`], as of [`submit`](Self::submit); and [`Rejection::AccessChanged`].
    fn submit_at(&self, access: Option<i64>, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>>;

    /// The version of access that was seen last, where it costs less to have it compared with a command than to read it
    /// before each request.
    fn access_seen(&self) -> Option<&AccessSeen> {
        None
    }
}

/// The version of access (see [`Books::access_version`]) that was seen last. Another one may hold by now.
#[derive(Debug, Default)]
pub struct AccessSeen(AtomicI64);

impl AccessSeen {
    /// The version.
    pub fn version(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A version was seen.
    pub fn note(&self, version: i64) {
        self.0.fetch_max(version, Ordering::Relaxed);
    }
}

/// Says what time it is. There is one clock in the house.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// The present instant by the clocks of clients, for dialects whose clients sign with it and cannot ask for ours.
    /// Another one only where the house's clock was moved.
    fn of_clients(&self) -> Timestamp {
        self.now()
    }
}

/// Waits, by a clock that nobody can set.
pub trait Timer: Send + Sync {
    /// Waits for so long.
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()>;
}

/// Keeps signing secrets: what is sealed can be stored, and opened only with the seller's master key.
pub trait Vault: Send + Sync {
    /// Encrypts a secret.
    ///
    /// # Errors
    /// [`Failure`] when there is no randomness.
    fn seal(&self, secret: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Decrypts a sealed secret.
    ///
    /// # Errors
    /// [`Failure`] when it was sealed under another key or has been changed.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// A paper that can be had as a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// An order's own paper, which asks for its money.
    Order(OrderId),
    /// An original invoice or a credit note.
    Invoice(InvoiceId),
}

/// A paper as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// A name for the file, such as `invoice-fr00000001.pdf`.
    pub file_name: String,
    /// The file, PDF.
    pub pdf: Vec<u8>,
}

/// Makes documents.
pub trait Documents: Send + Sync {
    /// A paper of an account; none where the account has no such paper. Takes some milliseconds of computing.
    ///
    /// # Errors
    /// [`Failure`] when the ledger does not answer, or the file cannot be made.
    fn document(&self, account: AccountId, paper: Paper) -> Result<Option<Document>, Failure>;
}

/// What a gateway keeps of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What kind of paying it is.
    pub kind: MethodKind,
    /// What it shows of itself, such as `visa 4242`.
    pub label: String,
    /// The last day on which it can be charged, if it has one.
    pub expires: Option<Date>,
}

/// Why a gateway did not say what became of something. Nothing is known, and it is asked again.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It did not answer, or not so that it could be understood.
    #[error("the gateway gave no answer that tells")]
    Silent(#[source] Failure),
    /// It wants to be asked less often.
    #[error("the gateway wants to be asked later")]
    Busy(#[source] Failure),
    /// It does not let us in: until somebody does something about that, nothing can be done there.
    #[error("the gateway does not let us in")]
    Barred(#[source] Failure),
}

/// Moves money, once for each charge, however often it is asked and whatever is lost on the way.
///
/// A charge is prepared, which moves nothing; what that is called is put on file; and only what is on file is carried out.
/// So a charge that is prepared twice is carried out once.
pub trait Gateway: Send + Sync {
    /// Its name, as methods that it keeps have it: [`OnGateway::gateway`].
    fn name(&self) -> &'static str;

    /// What it keeps of a customer's method; none where it does not know the method, or not as that customer's.
    ///
    /// # Errors
    /// [`GatewayError`].
    fn kept<'a>(&'a self, method: &'a OnGateway) -> BoxFuture<'a, Result<Option<Kept>, GatewayError>>;

    /// Prepares a charge, and says what it is called there. For a refund, `collected` is the reference of the charge whose
    /// money goes back.
    ///
    /// # Errors
    /// [`GatewayError`]; [`Ok`] with an outcome where it will not do it at all.
    fn prepare<'a>(
        &'a self,
        charge: &'a Charge,
        method: &'a OnGateway,
        collected: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Prepared, GatewayError>>;

    /// Carries out what was prepared, unless that was done before, and says what came of it; none while it is under way.
    ///
    /// # Errors
    /// [`GatewayError`].
    fn carry_out<'a>(
        &'a self,
        charge: &'a Charge,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<ChargeOutcome>, GatewayError>>;
}

/// What came of preparing a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// It is called so, and nothing has moved.
    As(String),
    /// It cannot be prepared, ever.
    Never(ChargeOutcome),
}

/// A span of instants, both ends open where they are absent: `from <= instant <= to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The last instant.
    pub to: Option<Timestamp>,
}

/// Reads the ledger. Every list is in order of id; every question about an account's things names the account.
pub trait Books {
    /// Loads everything that is wanted.
    ///
    /// # Errors
    /// [`Failure`] when the store does not answer; so for all methods.
    fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure>;

    /// One account.
    ///
    /// # Errors
    /// [`Failure`].
    fn account(&self, id: AccountId) -> Result<Option<Account>, Failure>;

    /// All accounts.
    ///
    /// # Errors
    /// [`Failure`].
    fn account_ids(&self) -> Result<Vec<AccountId>, Failure>;

    /// The account with a customer number.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_account(&self, code: &str) -> Result<Option<AccountId>, Failure>;

    /// The services of an account; of one kind, if one is given. Terminated ones included.
    ///
    /// # Errors
    /// [`Failure`].
    fn service_ids(&self, account: AccountId, kind: Option<Kind>) -> Result<Vec<ServiceId>, Failure>;

    /// The service of an account with a name.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_service(&self, account: AccountId, kind: Kind, name: &str) -> Result<Option<ServiceId>, Failure>;

    /// The orders of an account placed in a span.
    ///
    /// # Errors
    /// [`Failure`].
    fn order_ids(&self, account: AccountId, placed: Span) -> Result<Vec<OrderId>, Failure>;

    /// The originals and credit notes of an account issued in a span.
    ///
    /// # Errors
    /// [`Failure`].
    fn invoices(&self, account: AccountId, issued: Span) -> Result<Vec<Invoice>, Failure>;

    /// One original or credit note of an account.
    ///
    /// # Errors
    /// [`Failure`].
    fn invoice(&self, account: AccountId, id: InvoiceId) -> Result<Option<Invoice>, Failure>;

    /// The original or credit note of an account with a number of a series.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_invoice(&self, account: AccountId, series: &str, number: i64) -> Result<Option<Invoice>, Failure>;

    /// The registered payment methods of an account.
    ///
    /// # Errors
    /// [`Failure`].
    fn method_ids(&self, account: AccountId) -> Result<Vec<MethodId>, Failure>;

    /// The payment link with a secret, whatever became of its order.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_link(&self, token: &str) -> Result<Option<PaymentLink>, Failure>;

    /// The transfers that moved an account's balance, with their ids.
    ///
    /// # Errors
    /// [`Failure`].
    fn balance_movements(&self, account: AccountId, booked: Span) -> Result<Vec<(i64, Transfer)>, Failure>;

    /// Counts up whenever an application, a credential or an account changes; notes of a credential's use aside. What
    /// was read of them at this version still holds.
    ///
    /// # Errors
    /// [`Failure`].
    fn access_version(&self) -> Result<i64, Failure>;

    /// The application of a dialect with a public key.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_application(&self, dialect: &str, key: &str) -> Result<Option<Application>, Failure>;

    /// The applications that an account owns.
    ///
    /// # Errors
    /// [`Failure`].
    fn applications(&self, owner: AccountId) -> Result<Vec<Application>, Failure>;

    /// The credential of a dialect whose secret has this SHA-256.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_credential(&self, dialect: &str, digest: &[u8; 32]) -> Result<Option<Credential>, Failure>;

    /// The credential whose owner is asked by the link with this token (SHA-256).
    ///
    /// # Errors
    /// [`Failure`].
    fn find_pending_credential(&self, approval_digest: &[u8; 32]) -> Result<Option<Credential>, Failure>;

    /// The credentials that act for an account.
    ///
    /// # Errors
    /// [`Failure`].
    fn credentials(&self, account: AccountId) -> Result<Vec<Credential>, Failure>;
}
