//! Statements that a server's session keeps prepared: to plan one costs more than to run it.
//!
//! A session that is lent by the transaction, as a pooler does, may be another one the next time, where nothing is
//! prepared, or where another node prepared something else. So a connection leaves its own name in its session, and each
//! transaction first looks whether it is there: only then are its statements used. Where it is not, the connection does
//! without them from then on. Whoever names a session lets go of what was prepared in it before.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::driver::Connection;
use super::sets::Typed;
use crate::driver::Result;

/// Which statement, and whether it looks up many keys at once.
pub(super) type Shape = (&'static str, bool);

/// What a connection knows of its session.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The name that it left there; none where it does without prepared statements.
    session: RefCell<Option<String>>,
    /// Whether its name was found there once.
    found: Cell<bool>,
    statements: RefCell<HashMap<Shape, Statement>>,
    /// What ran and was not prepared.
    wanted: RefCell<Vec<(Shape, String, Vec<Type>)>>,
}

impl Prepared {
    /// A session that has no name yet.
    pub(super) fn new() -> Self {
        let mut name = [0; 16];
        // Without randomness there is no name that no other has.
        let session = getrandom::fill(&mut name).is_ok().then(|| format!("{:032x}", u128::from_be_bytes(name)));
        Self {
            session: RefCell::new(session),
            found: Cell::new(false),
            statements: RefCell::default(),
            wanted: RefCell::default(),
        }
    }

    /// Leaves the name in the session.
    pub(super) fn naming(&self) -> Option<String> {
        let session = self.session.borrow();
        session.as_ref().map(|name| format!("deallocate all; select set_config('perennial.session', '{name}', false)"))
    }

    /// What a transaction begins with: as it is, or with a look for the name, which fails where it is not there. Plans are
    /// made once for whatever values come.
    pub(super) fn beginning(&self, text: &'static str) -> String {
        match &*self.session.borrow() {
            None => text.to_owned(),
            Some(name) => format!(
                "{text};\nset local plan_cache_mode = force_generic_plan;\n\
                 select 1 / (current_setting('perennial.session', true) is not distinct from '{name}')::int"
            ),
        }
    }

    /// Whether the name was not there, and prepared statements are done without from now on.
    pub(super) fn is_elsewhere(&self, error: &tokio_postgres::Error) -> bool {
        let elsewhere = error.code() == Some(&SqlState::DIVISION_BY_ZERO);
        if elsewhere {
            self.session.take();
            self.statements.take();
            self.wanted.take();
        }
        elsewhere
    }

    /// Whether prepared statements are done without.
    pub(super) fn is_without(&self) -> bool {
        self.session.borrow().is_none()
    }

    /// Whether the first transaction is still to find the name.
    pub(super) fn is_unsure(&self) -> bool {
        !self.is_without() && !self.found.get()
    }

    /// The name was there.
    pub(super) fn found(&self) {
        self.found.set(true);
    }

    /// A statement that is prepared. One that is not is prepared when the next transaction begins.
    pub(super) fn statement(&self, shape: Shape, text: &str, params: &[Typed<'_>]) -> Option<Statement> {
        let statement = self.statements.borrow().get(&shape).cloned();
        if statement.is_none() && !self.is_without() {
            let types = params.iter().map(|(_, kind)| kind.clone()).collect();
            self.wanted.borrow_mut().push((shape, text.to_owned(), types));
        }
        statement
    }

    /// Whether there is something to prepare.
    pub(super) fn is_wanting(&self) -> bool {
        !self.wanted.borrow().is_empty()
    }

    /// Prepares what ran and was not prepared. The transaction has found the name in its session.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<()> {
        for (shape, text, types) in self.wanted.take() {
            if !self.statements.borrow().contains_key(&shape) {
                let statement = connection.prepare(&text, &types)?;
                self.statements.borrow_mut().insert(shape, statement);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::{AccountId, OrderId};
    use perennial_core::ports::Books;
    use perennial_core::snapshot::Want;
    use perennial_core::turn::Turn;
    use perennial_testkit::postgres::Cluster;

    use super::super::connect::Server;
    use super::super::driver::Connection;
    use super::super::{Begin, PostgresStore};
    use crate::driver::Driver;
    use crate::session::{CatalogueCache, Role, Session};

    /// So a pooler does: the session is another one all of a sudden, in which nothing was prepared.
    #[test]
    fn in_another_session_nothing_is_taken_for_prepared() {
        const ANOTHER: &str = "deallocate all; select set_config('perennial.session', 'another', false)";
        let url = Cluster::shared().and_then(Cluster::database).expect("is made");
        PostgresStore::open(&url).expect("makes the tables");
        let begins: [(Role, Begin); 3] = [
            (Role::Reader, |_, _| Ok(())),
            (Role::Writer, Connection::begin_write),
            (Role::Writer, Connection::send_begin_write),
        ];
        for (role, begin) in begins {
            let connection = Server::parse(&url).expect("is a URL").connect().expect("connects");
            let session = Session::new(connection, role, CatalogueCache::default());
            let prepared = &session.driver.prepared;
            let read = || {
                begin(&session.driver, Turn::All).expect("begins");
                session.load(&[Want::Account(AccountId(1)), Want::Order(AccountId(1), OrderId(1))]).expect("loads");
                if role == Role::Writer {
                    session.driver.rollback().expect("rolls back");
                }
            };
            read();
            assert!(prepared.statements.borrow().is_empty() && prepared.is_wanting(), "{role:?}");
            read();
            assert!(!prepared.statements.borrow().is_empty() && !prepared.is_wanting(), "{role:?}");
            session.driver.run(ANOTHER).expect("runs");
            read();
            assert!(prepared.is_without() && prepared.statements.borrow().is_empty(), "{role:?}");
            read();
            assert!(!prepared.is_wanting(), "{role:?}");
        }
    }
}
