//! PostgreSQL as the store drives it: questions go out when they are asked, and are answered in their order.

use std::cell::{Cell as Kept, RefCell};
use std::error::Error;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use perennial_core::turn::Turn;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row as PgRow, RowStream};

use super::line::{Line, Sent};
use super::pipeline::Held;
use super::prepared::{Prepared, Shape};
use super::sets::{self, Gathered, Lent, Typed};
use crate::StoreError;
use crate::driver::{Cell, Driver, DriverError, Param, Reading, Result, Row, Savepoint, Write};
use crate::session::{Session, refused};
use crate::sql::Statement;

/// A session on a PostgreSQL ledger.
pub(super) type PostgresSession = Session<Connection>;

/// A connection, and how its transaction stands.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    /// What was sent and not waited for.
    sent: RefCell<Vec<Sent<'static, std::result::Result<(), tokio_postgres::Error>>>>,
    pub(super) line: Line,
    held: Held,
    /// Whether something was sent whose answer is held.
    holds: Kept<bool>,
    commit_timeout: Duration,
    state: Kept<State>,
    /// What the open transaction begins with, as long as nobody knows whether it could.
    unconfirmed: Kept<Option<&'static str>>,
    pub(super) prepared: Prepared,
    /// Rows of the open transaction that wait to be written.
    gathered: RefCell<Gathered>,
}

/// How the transaction of a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// None is open.
    Idle,
    /// One is open.
    Open,
    /// An error has made the open one useless, as far back as its last savepoint.
    Aborted,
    /// Nobody knows, or the server takes no writes any more. The connection is not to be used again.
    Lost,
}

/// Rows that were asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    rows: Sent<'a, std::result::Result<RowStream, tokio_postgres::Error>>,
    /// Whether each row ends with the number of its key.
    by_sets: bool,
}

impl Connection {
    pub(super) fn new(client: Client, line: Line, held: Held, commit_timeout: Duration) -> Self {
        Self {
            client: Arc::new(client),
            sent: RefCell::default(),
            line,
            held,
            holds: Kept::new(false),
            commit_timeout,
            state: Kept::new(State::Idle),
            unconfirmed: Kept::new(None),
            prepared: Prepared::new(),
            gathered: RefCell::default(),
        }
    }

    /// Leaves the connection's name in its session, so that statements can be kept there.
    pub(super) fn name_session(&self) -> Result<()> {
        self.prepared.naming().map_or(Ok(()), |naming| self.run(&naming))
    }

    /// Opens a transaction that writes, once it has its turn.
    pub(super) fn begin_write(&self, turn: Turn) -> Result<()> {
        self.begin(begin_write(turn))
    }

    /// The same, and does not wait for it: it goes out together with the first questions, unless there is something to
    /// prepare.
    pub(super) fn send_begin_write(&self, turn: Turn) -> Result<()> {
        let text = begin_write(turn);
        self.unconfirmed.set(Some(text));
        self.send_begin(text)
    }

    /// Opens a transaction that changes the schema; waits for whoever else does.
    pub(super) fn begin_migration(&self) -> Result<()> {
        self.begin("begin isolation level read committed read write")
    }

    /// Runs statements that take no parameters.
    pub(super) fn run(&self, text: &str) -> Result<()> {
        self.settle()?;
        self.line.wait(self.client.batch_execute(text)).map_err(|error| self.note(error))
    }

    /// Whether no transaction is open and, as far as is known, one could be.
    pub(super) fn is_idle(&self) -> bool {
        self.line.hear();
        self.state.get() == State::Idle && !self.client.is_closed()
    }

    /// Whether the connection is not to be used again.
    pub(super) fn is_lost(&self) -> bool {
        self.state.get() == State::Lost || self.client.is_closed()
    }

    /// Sends statements that take no parameters, and does not wait.
    fn send(&self, text: String) {
        let client = Arc::clone(&self.client);
        let sent = self.line.ask(async move { client.batch_execute(&text).await });
        self.sent.borrow_mut().push(sent);
    }

    /// A statement that this session has prepared. Outside a transaction nobody knows which session it is.
    fn statement(&self, shape: Shape, text: &str, params: &[Typed<'_>]) -> Option<tokio_postgres::Statement> {
        if self.state.get() == State::Open { self.prepared.statement(shape, text, params) } else { None }
    }

    /// The statement that is sent next is answered with others. Outside a transaction it would be undone with them.
    fn hold(&self) {
        if self.state.get() == State::Open {
            self.held.hold_next();
            self.holds.set(true);
        }
    }

    /// Has the answers come that are held.
    fn release(&self) {
        if self.holds.take() {
            let client = &self.client;
            // A Sync, and nothing else. What comes of it is told by the statements before it.
            drop(self.line.ask(async move { client.check_connection().await }));
        }
    }

    /// Waits for what was only sent.
    fn settle(&self) -> Result<()> {
        self.release();
        let settled =
            self.sent.take().into_iter().try_for_each(|sent| self.line.answer(sent).map_err(|error| self.note(error)));
        if settled.is_ok() {
            self.unconfirmed.set(None);
        }
        settled
    }

    /// Shows the rows of an answer, to the end, as an error may come after the last row that is of interest.
    fn read(
        &self,
        rows: Sent<'_, std::result::Result<RowStream, tokio_postgres::Error>>,
        mut read: impl FnMut(&PgRow) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.settle()?;
        let rows = self.line.answer(rows).map_err(|error| self.note(error))?;
        let mut rows = pin!(rows);
        let mut read_on = Ok(ControlFlow::Continue(()));
        while let Some(row) = self.line.wait(poll_fn(|context| rows.as_mut().poll_next(context))) {
            let row = row.map_err(|error| self.note(error))?;
            if matches!(read_on, Ok(ControlFlow::Continue(()))) {
                read_on = read(&row);
            }
        }
        read_on.map(drop)
    }

    fn open(&self, text: &str) -> Result<()> {
        self.settle()?;
        // An error in the middle leaves it open.
        self.state.set(State::Open);
        let opened = self.run(text);
        if opened.is_err() && self.is_open() {
            self.rollback()?;
        }
        opened
    }

    /// Opens a transaction, and looks first whose session it is in, as what is prepared may be used in it. Where the session
    /// turns out to be another one, it is opened once more without that.
    fn begin(&self, text: &'static str) -> Result<()> {
        match self.open(&self.prepared.beginning(text)) {
            Err(DriverError::GaveWay(_)) if self.prepared.is_without() => return self.open(text),
            opened => opened?,
        }
        self.prepared.found();
        self.prepared.prepare(self)
    }

    /// The same, and does not wait for it, unless there is something to prepare.
    fn send_begin(&self, text: &'static str) -> Result<()> {
        if self.prepared.is_unsure() || self.prepared.is_wanting() {
            return self.begin(text);
        }
        self.state.set(State::Open);
        self.send(self.prepared.beginning(text));
        Ok(())
    }

    /// Prepares a statement in the session.
    pub(super) fn prepare(&self, text: &str, types: &[Type]) -> Result<tokio_postgres::Statement> {
        self.line.wait(self.client.prepare_typed(text, types)).map_err(|error| self.note(error))
    }

    /// Takes note of an error.
    #[cold]
    fn note(&self, error: tokio_postgres::Error) -> DriverError {
        let elsewhere = self.prepared.is_elsewhere(&error);
        let lost = error.as_db_error().is_none_or(|error| {
            let ended = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
            ended || *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        });
        if lost {
            self.state.set(State::Lost);
        } else if self.state.get() == State::Open {
            self.state.set(State::Aborted);
        }
        match error.into() {
            // Begun once more, it does without what another session has.
            DriverError::Constraint(cause) if elsewhere => DriverError::GaveWay(cause),
            error => error,
        }
    }
}

impl Driver for Connection {
    type Row<'row> = PgRow;

    fn execute(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<usize> {
        self.finish()?;
        self.settle()?;
        let params: Vec<_> = params.iter().map(typed).collect();
        let changed =
            self.line.wait(self.client.execute_typed(statement.postgres, &params)).map_err(|error| self.note(error))?;
        Ok(usize::try_from(changed).expect("what was sent over the wire fits"))
    }

    fn insert(&self, statement: &'static Statement, params: &[Param<'_>]) -> Result<Option<i64>> {
        let mut id = None;
        self.each(statement, params, |row| {
            id = Some(row.try_get(0)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(id)
    }

    fn each(
        &self,
        statement: &'static Statement,
        params: &[Param<'_>],
        read: impl FnMut(&PgRow) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.finish()?;
        let params: Vec<_> = params.iter().map(typed).collect();
        self.read(self.line.ask(self.client.query_typed_raw(statement.postgres, params)), read)
    }

    type Asked<'a, const N: usize> = Option<Asked<'a>>;

    /// Nothing is asked for no keys. For one, the statement goes as it is: it is planned sooner.
    fn ask<'a, const N: usize>(
        &'a self,
        statement: &'static Statement,
        keys: Vec<[Param<'a>; N]>,
    ) -> Option<Asked<'a>> {
        debug_assert!(self.gathered.borrow().is_empty(), "what was gathered is written first");
        let client = &self.client;
        let keys = Keys::of(&keys)?;
        let by_sets = matches!(keys, Keys::Many(_));
        let text = if by_sets { sets::for_each(statement, N) } else { statement.postgres.to_owned() };
        let prepared = self.statement((statement.postgres, by_sets), &text, &keys.typed());
        self.hold();
        let rows = self.line.ask(async move {
            let params = keys.typed();
            match prepared {
                Some(prepared) => client.query_raw(&prepared, params.into_iter().map(|(param, _)| param)).await,
                None => client.query_typed_raw(&text, params).await,
            }
        });
        Some(Asked { rows, by_sets })
    }

    fn answer<const N: usize>(
        &self,
        asked: Option<Asked<'_>>,
        mut read: impl FnMut(usize, &PgRow) -> Result<()>,
    ) -> Result<()> {
        let Some(Asked { rows, by_sets }) = asked else { return Ok(()) };
        self.read(rows, |row| {
            let number = if by_sets { row.try_get(row.len() - 1)? } else { 1 };
            let at = usize::try_from(number - 1_i64).map_err(|error| DriverError::Failed(error.into()))?;
            read(at, row).map(ControlFlow::Continue)
        })
    }

    fn write(&self, write: &Write<'_>) -> std::result::Result<(), StoreError> {
        debug_assert!(write.statement.by_sets, "{} goes by sets", write.doing);
        self.gathered.borrow_mut().add(write);
        Ok(())
    }

    /// All statements are sent before the first one is waited for.
    fn finish(&self) -> std::result::Result<(), StoreError> {
        if self.gathered.borrow().is_empty() {
            return Ok(());
        }
        let sets = self.gathered.take().into_sets();
        let params: Vec<_> = sets.iter().map(|set| sets::typed(&set.columns)).collect();
        let mut sent = Vec::with_capacity(sets.len());
        for (set, params) in sets.iter().zip(&params) {
            let (client, text) = (&self.client, set.statement.postgres);
            let prepared = self.statement((text, false), text, params);
            self.hold();
            sent.push(self.line.ask(async move {
                match prepared {
                    Some(prepared) => {
                        let params: Vec<_> = params.iter().map(|(param, _)| *param).collect();
                        client.execute(&prepared, &params).await
                    }
                    None => client.execute_typed(text, params).await,
                }
            }));
        }
        self.settle().map_err(refused("write to a batch"))?;
        sets.iter()
            .zip(sent)
            .try_for_each(|(set, sent)| set.check(self.line.answer(sent).map_err(|error| self.note(error))))
    }

    fn is_open(&self) -> bool {
        matches!(self.state.get(), State::Open | State::Aborted) && !self.client.is_closed()
    }

    fn is_aborted(&self) -> bool {
        self.state.get() == State::Aborted
    }

    fn begin_again(&self) -> Result<bool> {
        let Some(text) = self.unconfirmed.take() else { return Ok(false) };
        self.rollback()?;
        self.begin(text).map(|()| true)
    }

    /// Goes out together with the first question, unless there is something to prepare.
    fn begin_read(&self, reading: Reading) -> Result<()> {
        const BEGIN: &str = include_str!("../../sql/postgres/begin_read.sql");
        if reading == Reading::Tables {
            return self.begin(include_str!("../../sql/postgres/begin_audit.sql"));
        }
        self.send_begin(BEGIN)
    }

    /// A server that waits for a standby may wait for long: the connection is given up then, and whoever asked is told that
    /// nobody knows.
    fn commit(&self) -> Result<()> {
        self.settle()?;
        let Some(committed) = self.line.wait_for(self.commit_timeout, self.client.batch_execute("commit")) else {
            self.state.set(State::Lost);
            let patience = self.commit_timeout.as_secs();
            return Err(DriverError::Failed(format!("the server did not answer for {patience} s").into()));
        };
        committed.map_err(|error| self.note(error))?;
        self.state.set(State::Idle);
        Ok(())
    }

    fn rollback(&self) -> Result<()> {
        self.gathered.take();
        self.unconfirmed.set(None);
        self.state.set(State::Idle);
        self.send("rollback".to_owned());
        Ok(())
    }

    fn savepoint(&self, step: Savepoint) -> Result<()> {
        self.finish()?;
        self.run(step.text())?;
        if step == Savepoint::RollBack {
            self.state.set(State::Open);
        }
        Ok(())
    }
}

impl Row for PgRow {
    fn cell(&self, column: usize) -> Result<Cell<'_>> {
        Ok(self.try_get(column)?)
    }
}

impl<'row> FromSql<'row> for Cell<'row> {
    fn from_sql(kind: &Type, raw: &'row [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Int(FromSql::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(<i32>::from_sql(kind, raw)?.into()),
            Type::BOOL => Self::Int(<bool>::from_sql(kind, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw),
            _ => Self::Text(FromSql::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::BOOL, Type::BYTEA, Type::TEXT].contains(kind)
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(int) => int.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// What a transaction that writes begins with.
const fn begin_write(turn: Turn) -> &'static str {
    match turn {
        Turn::Orders => concat!(include_str!("../../sql/postgres/begin.sql"), " where turn = 1 for update"),
        Turn::Payments => concat!(include_str!("../../sql/postgres/begin.sql"), " where turn = 2 for update"),
        Turn::All => concat!(include_str!("../../sql/postgres/begin.sql"), " order by turn for update"),
    }
}

/// What a lookup is asked for: by one list of parameters, or by many.
enum Keys<'a, const N: usize> {
    One([Param<'a>; N]),
    Many(Vec<Lent<'a>>),
}

impl<'a, const N: usize> Keys<'a, N> {
    fn of(keys: &[[Param<'a>; N]]) -> Option<Self> {
        match keys {
            [] => None,
            [key] => Some(Self::One(*key)),
            keys => Some(Self::Many(sets::columns(keys))),
        }
    }

    fn typed(&self) -> Vec<Typed<'_>> {
        match self {
            Self::One(key) => key.iter().map(typed).collect(),
            Self::Many(columns) => sets::typed(columns),
        }
    }
}

/// A parameter and its type, which the server is told, as it would else look for one that fits.
fn typed<'a>(param: &'a Param<'_>) -> Typed<'a> {
    let kind = match param {
        Param::Int(_) => Type::INT8,
        Param::Text(_) => Type::TEXT,
        Param::Bytes(_) => Type::BYTEA,
    };
    (param, kind)
}

/// What the server said. Not in full: the detail may show a row, and with it a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
struct Said {
    message: String,
    code: String,
}

impl From<tokio_postgres::Error> for DriverError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            // The error tells where it arose, and its cause why.
            let told = error.to_string();
            return Self::Failed(match error.into_source() {
                Some(cause) => format!("{told}: {cause}").into(),
                None => told.into(),
            });
        };
        let state = said.code();
        let cause = Said { message: said.message().to_owned(), code: state.code().to_owned() }.into();
        match state.code().get(..2) {
            // What the schema refuses, by a constraint or by a trigger, and what it has no place for, as a NUL in a text.
            Some("22" | "23") => Self::Constraint(cause),
            // Given up because of another transaction, unless it is said that nobody knows.
            Some("40") if *state != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => Self::GaveWay(cause),
            _ => Self::Failed(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use perennial_testkit::postgres::Cluster;

    use super::super::connect::Server;
    use super::*;

    #[test]
    fn a_commit_is_not_waited_for_for_ever() {
        let url = Cluster::shared().and_then(Cluster::database).expect("is made");
        let server = Server::parse(&url).expect("is a URL").commits_within(Duration::from_millis(200));
        let connection = server.connect().expect("connects");
        connection
            .run(
                "create table late (id int);
                create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(5); return null; end';
                create constraint trigger waits after insert on late deferrable initially deferred
                for each row execute function wait()",
            )
            .expect("runs");
        connection.begin_migration().expect("begins");
        connection.run("insert into late values (1)").expect("runs");
        let late = connection.commit().expect_err("is late").to_string();
        assert!(late.contains("did not answer"), "{late}");
        assert!(connection.is_lost());
    }
}
