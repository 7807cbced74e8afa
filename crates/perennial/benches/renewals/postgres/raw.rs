//! The reference on PostgreSQL: a bare loop that writes the product's own rows, by sets, and holds no rule at all.
//!
//! Each table has triggers that look at what one statement wrote, so it is written by a statement of its own; all of
//! them go to the server at once, without waiting between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use perennial_engine::clock::Stopwatch;
use tokio_postgres::{Client, NoTls, Statement};

use crate::load::jiff_now;
use crate::raw::{Done, Picks, following};
use crate::world::{ACCOUNTS, NET_MINOR, TAX_MINOR, account_of, method_of};

/// How many connections renew, and how many services each of them renews at once.
const CONNECTIONS: i64 = 4;
const GROUP: usize = 64;

const DAY: i64 = 86_400_000_000;
const DIGEST: &[u8] = &[7; 32];

/// How the connections get along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The harder reference: nobody waits for anybody. Each connection has accounts of its own, numbers come from a
    /// counter of this process (a crash would leave gaps), and order and payment are one commit.
    Free,
    /// As nodes have to: they take turns by the lock of `numbers`, numbers follow from the last row, and an order is on
    /// disk before it is paid.
    InTurn,
}

/// When it is enough: whichever comes first.
#[derive(Clone, Copy)]
pub struct Limit {
    /// So many renewals.
    pub renewals: u64,
    /// So long.
    pub time: Duration,
}

/// Renews services of the ledger at a URL.
pub fn run(url: &str, services: i64, manner: Manner, limit: Limit) -> Result<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = Vec::new();
        let shared = Arc::new(Shared::default());
        for number in 0..CONNECTIONS {
            connections.push(Connection::open(url, manner, number, services, Arc::clone(&shared)).await?);
        }
        let next = connections[0].client.query_one(NEXT, &[]).await?;
        shared.next.store(next.get(0), Ordering::Relaxed);
        let watch = Stopwatch::start();
        let running: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                tokio::spawn(async move {
                    while watch.elapsed() < limit.time
                        && connection.shared.renewals.load(Ordering::Relaxed) < limit.renewals
                    {
                        connection.renew().await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for connection in running {
            connection.await??;
        }
        Ok(Done { renewals: shared.renewals.load(Ordering::Relaxed), elapsed: watch.elapsed() })
    })
}

/// A connection to a database.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// How many payments there are for these orders.
pub fn payments_of(url: &str, orders: &[i64]) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connect(url).await?;
        let found = client.query_one("select count(*) from payments where order_id = any ($1)", &[&orders]).await?;
        Ok(usize::try_from(found.get::<_, i64>(0))?)
    })
}

/// The next order and the next invoice number.
const NEXT: &str = "select (select coalesce(max(id), 0) + 1 from orders), \
                    (select coalesce(max(number), 0) + 1 from invoices where series = 'INV')";

/// One plan for each statement, which goes by the keys. (The triggers are planned under these settings too, and join what
/// a statement wrote with what was there before: that wants a hash.)
const SETTINGS: &str = "set plan_cache_mode = force_generic_plan; set enable_seqscan = off";

/// Waits for a turn to write.
const TURN: &str = "begin; select turn from numbers order by turn for update";

macro_rules! statements {
    ($($name:ident),*) => {
        struct Statements { $($name: Statement,)* next: Statement }

        impl Statements {
            async fn prepare(client: &Client) -> Result<Self> {
                Ok(Self {
                    $($name: client.prepare(include_str!(concat!("sql/", stringify!($name), ".sql"))).await?,)*
                    next: client.prepare(NEXT).await?,
                })
            }
        }
    };
}

statements!(
    known,
    services,
    orders,
    order_lines,
    services_await,
    replays,
    orders_settle,
    extensions,
    services_extend,
    payments,
    invoices,
    transfers
);

/// What the connections have in common.
#[derive(Default)]
struct Shared {
    next: AtomicI64,
    renewals: AtomicU64,
}

struct Connection {
    client: Client,
    statements: Statements,
    manner: Manner,
    number: i64,
    services: i64,
    picks: Picks,
    shared: Arc<Shared>,
}

/// Services that are renewed together, a list for each column.
#[derive(Default)]
struct Group {
    now: i64,
    accounts: Vec<i64>,
    services: Vec<i64>,
    methods: Vec<i64>,
    names: Vec<String>,
    froms: Vec<String>,
    untils: Vec<String>,
    anchors: Vec<i64>,
    versions: Vec<i64>,
    orders: Vec<i64>,
    numbers: Vec<i64>,
    passwords: Vec<String>,
    renew_tokens: Vec<String>,
    pay_tokens: Vec<String>,
}

impl Connection {
    async fn open(url: &str, manner: Manner, number: i64, services: i64, shared: Arc<Shared>) -> Result<Self> {
        let client = connect(url).await?;
        client.batch_execute(SETTINGS).await?;
        let statements = Statements::prepare(&client).await?;
        let picks = Picks(
            0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number.unsigned_abs() + 1).wrapping_add(jiff_now().unsigned_abs()),
        );
        Ok(Self { client, statements, manner, number, services, picks, shared })
    }

    /// Renews a group of services, each for a month.
    async fn renew(&mut self) -> Result<()> {
        let mut group = self.pick();
        let count = group.services.len();
        match self.manner {
            Manner::Free => {
                self.read(&mut group).await?;
                let first = self.shared.next.fetch_add(i64::try_from(count)?, Ordering::Relaxed);
                group.orders = (first..).take(count).collect();
                group.numbers.clone_from(&group.orders);
                tokio::try_join!(
                    biased;
                    self.run("begin"),
                    self.place(&group),
                    self.pay(&group),
                    self.run("commit")
                )?;
            }
            Manner::InTurn => {
                let (order, _) = self.turn().await?;
                group.orders = (order..).take(count).collect();
                self.read(&mut group).await?;
                tokio::try_join!(biased; self.place(&group), self.run("commit"))?;
                let (_, number) = self.turn().await?;
                group.numbers = (number..).take(count).collect();
                tokio::try_join!(biased; self.pay(&group), self.run("commit"))?;
            }
        }
        self.shared.renewals.fetch_add(u64::try_from(count)?, Ordering::Relaxed);
        Ok(())
    }

    /// Chooses services of this connection's own accounts, and tokens.
    fn pick(&mut self) -> Group {
        let own = self.services / CONNECTIONS;
        let mut services: Vec<_> = (0..GROUP).map(|_| self.picks.below(own) * CONNECTIONS + self.number + 1).collect();
        services.sort_unstable();
        services.dedup();
        let accounts: Vec<_> = services.iter().map(|service| account_of(*service)).collect();
        let methods = accounts.iter().map(|account| method_of(*account)).collect();
        let mut tokens = || services.iter().map(|_| self.picks.token()).collect::<Vec<_>>();
        let (renew_tokens, pay_tokens) = (tokens(), tokens());
        let passwords = renew_tokens.iter().map(|token| token[..16].to_owned()).collect();
        let now = jiff_now() * 1_000_000;
        Group { now, accounts, services, methods, passwords, renew_tokens, pay_tokens, ..Group::default() }
    }

    /// Reads what a renewal needs to know.
    async fn read(&self, group: &mut Group) -> Result<()> {
        let Statements { known, services, .. } = &self.statements;
        let twice = |list: &[i64]| [list, list].concat();
        let operations = [vec!["renew"; group.accounts.len()], vec!["pay"; group.accounts.len()]].concat();
        let tokens = [&group.renew_tokens[..], &group.pay_tokens].concat();
        let (known, rows) = tokio::try_join!(
            biased;
            async { self.client.query_one(known, &[&twice(&group.accounts), &operations, &tokens]).await },
            async { self.client.query(services, &[&group.accounts, &group.services, &group.methods]).await }
        )?;
        ensure!(known.get::<_, i64>(0) == 0, "a fresh token was used before");
        ensure!(rows.len() == group.services.len(), "a service is missing");
        for row in rows {
            let from: String = row.get(1);
            group.names.push(row.get(0));
            group.untils.push(following(&from)?);
            group.froms.push(from);
            group.anchors.push(row.get(2));
            group.versions.push(row.get(3));
        }
        Ok(())
    }

    async fn run(&self, text: &str) -> Result<()> {
        self.client.batch_execute(text).await.with_context(|| format!("running `{text}`"))
    }

    /// Waits for a turn to write; the next order and the next invoice number.
    async fn turn(&self) -> Result<(i64, i64)> {
        let next = async { Ok(self.client.query_one(&self.statements.next, &[]).await?) };
        let ((), next) = tokio::try_join!(biased; self.run(TURN), next)?;
        Ok((next.get(0), next.get(1)))
    }

    /// Places the orders.
    async fn place(&self, group: &Group) -> Result<()> {
        let Group { now, accounts, services, orders, .. } = group;
        let (client, statements) = (&self.client, &self.statements);
        let done = tokio::try_join!(
            biased;
            async {
                let row: [&Param; 6] = [orders, accounts, &group.passwords, now, &NET_MINOR, &TAX_MINOR];
                client.execute(&statements.orders, &row).await
            },
            async {
                let (names, froms, untils) = (&group.names, &group.froms, &group.untils);
                let row: [&Param; 8] = [accounts, orders, services, names, froms, untils, &NET_MINOR, &TAX_MINOR];
                client.execute(&statements.order_lines, &row).await
            },
            async {
                client.execute(&statements.services_await, &[accounts, services, &group.versions, orders]).await
            },
            async {
                let kept = now + 1_464 * DAY;
                let row: [&Param; 7] = [accounts, &group.renew_tokens, orders, &"renew", &DIGEST, &"placed", &kept];
                client.execute(&statements.replays, &row).await
            }
        )?;
        let count = services.len() as u64;
        ensure!(done == (count, count, count, count), "of {count} orders were placed {done:?}");
        Ok(())
    }

    /// Pays the orders.
    async fn pay(&self, group: &Group) -> Result<()> {
        let Group { now, accounts, services, orders, .. } = group;
        let (client, statements) = (&self.client, &self.statements);
        let done = tokio::try_join!(
            biased;
            async { client.execute(&statements.orders_settle, &[accounts, orders, now]).await },
            async {
                let row: [&Param; 5] = [accounts, services, &group.froms, &group.untils, orders];
                client.execute(&statements.extensions, &row).await
            },
            async {
                let row: [&Param; 5] = [accounts, services, &group.versions, &group.untils, &group.anchors];
                client.execute(&statements.services_extend, &row).await
            },
            async {
                let gross = NET_MINOR + TAX_MINOR;
                client.execute(&statements.payments, &[orders, accounts, &group.methods, &gross, now]).await
            },
            async {
                let row: [&Param; 6] = [accounts, orders, &group.numbers, now, &NET_MINOR, &TAX_MINOR];
                client.execute(&statements.invoices, &row).await
            },
            async { client.execute(&statements.transfers, &[accounts, orders, now, &NET_MINOR, &TAX_MINOR]).await },
            async {
                let kept = now + 1_464 * DAY;
                let row: [&Param; 7] = [accounts, &group.pay_tokens, orders, &"pay", &DIGEST, &"paid", &kept];
                client.execute(&statements.replays, &row).await
            }
        )?;
        let count = services.len() as u64;
        ensure!(done == (count, count, count, count, count, 2 * count, count), "of {count} orders were paid {done:?}");
        Ok(())
    }
}

type Param = dyn tokio_postgres::types::ToSql + Sync;

const _: () = assert!(ACCOUNTS % CONNECTIONS == 0, "an account is of one connection");
