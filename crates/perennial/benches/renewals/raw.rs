//! The reference: a bare loop over rusqlite that reads and writes the product's own rows with the product's own SQL, in
//! transactions of the same size, `synchronous=FULL`, and no rule at all.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use perennial_engine::clock::Stopwatch;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::world::{ACCOUNTS, NET_MINOR, TAX_MINOR, account_of, method_of};

macro_rules! sql {
    ($file:literal) => {
        include_str!(concat!("../../../store/sql/", $file, ".sql"))
    };
}

const NOW: i64 = 1_798_000_000_000_000;
const DAY: i64 = 86_400_000_000;

/// What one run did.
pub struct Done {
    /// Renewals, each ordered and paid.
    pub renewals: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Done {
    /// Renewals a second.
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.renewals).unwrap_or(u32::MAX)) / self.elapsed.as_secs_f64()
    }
}

/// Renews services in groups of `group` commands for `time`.
pub fn run(path: &Path, services: i64, group: usize, time: Duration) -> Result<Done> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(include_str!("../../../store/sql/sqlite/writer.sql"))?;
    // The product checkpoints from another thread; the loop has no other thread.
    connection.execute_batch("pragma wal_autocheckpoint = 16000")?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    let mut picks = Picks(0x9e37_79b9_7f4a_7c15);
    let watch = Stopwatch::start();
    let mut renewals = 0;
    while watch.elapsed() < time {
        let mut chosen: Vec<_> = (0..group).map(|_| picks.below(services) + 1).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let orders = chosen
            .iter()
            .map(|id| alone(&transaction, || place(&transaction, *id, &mut picks)))
            .collect::<Result<Vec<_>>>()?;
        transaction.commit()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (service, order) in chosen.iter().zip(orders) {
            alone(&transaction, || pay(&transaction, *service, order, &mut picks))?;
        }
        transaction.commit()?;
        renewals += chosen.len() as u64;
    }
    Ok(Done { renewals, elapsed: watch.elapsed() })
}

/// A savepoint around one command, as the reference of the goals has it.
fn alone<T>(transaction: &Transaction<'_>, command: impl FnOnce() -> Result<T>) -> Result<T> {
    transaction.prepare_cached("savepoint command")?.execute([])?;
    let done = command()?;
    transaction.prepare_cached("release command")?.execute([])?;
    Ok(done)
}

struct Seen {
    name: String,
    until: String,
    anchor: i64,
    version: i64,
}

fn read_service(transaction: &Transaction<'_>, service: i64) -> Result<Seen> {
    let account = account_of(service);
    Ok(transaction.prepare_cached(sql!("sqlite/service"))?.query_row(params![service, account], |row| {
        Ok(Seen { name: row.get(5)?, until: row.get(8)?, anchor: row.get(9)?, version: row.get(15)? })
    })?)
}

fn read_common(transaction: &Transaction<'_>, account: i64, operation: &str, token: &str) -> Result<()> {
    transaction.prepare_cached(sql!("shared/account"))?.query_row([account], |row| row.get::<_, i64>(0))?;
    let known = transaction
        .prepare_cached(sql!("shared/replay"))?
        .query_row(params![account, operation, token], |row| row.get::<_, i64>(2))
        .optional()?;
    anyhow::ensure!(known.is_none(), "a fresh token was used before");
    Ok(())
}

fn place(transaction: &Transaction<'_>, service: i64, picks: &mut Picks) -> Result<i64> {
    let account = account_of(service);
    let token = picks.token();
    read_common(transaction, account, "renew", &token)?;
    let seen = read_service(transaction, service)?;
    let order: i64 =
        transaction.prepare_cached("select coalesce(max(id), 0) + 1 from orders")?.query_row([], |row| row.get(0))?;
    let gross = NET_MINOR + TAX_MINOR;
    transaction.prepare_cached(sql!("sqlite/order_insert"))?.execute(params![
        order,
        account,
        "open",
        "customer",
        "renewal",
        None::<String>,
        NOW,
        NOW + DAY,
        &token[..20],
        "EUR",
        NET_MINOR,
        TAX_MINOR,
        gross,
        true,
        None::<String>,
        0,
        "standard",
        200_000
    ])?;
    let next = following(&seen.until)?;
    transaction.prepare_cached(sql!("sqlite/order_line_insert"))?.execute(params![
        order, 0, service, seen.name, "VPS", "P1M", seen.until, next, NET_MINOR, NET_MINOR, TAX_MINOR
    ])?;
    transaction.prepare_cached(sql!("sqlite/service_set"))?.execute(params![
        None::<String>,
        "automatic",
        "P1M",
        "none",
        order,
        None::<i64>,
        None::<String>,
        None::<String>,
        None::<String>,
        seen.until,
        service,
        account,
        seen.version
    ])?;
    remember(transaction, account, "renew", &token, "placed", order)?;
    Ok(order)
}

fn pay(transaction: &Transaction<'_>, service: i64, order: i64, picks: &mut Picks) -> Result<()> {
    let account = account_of(service);
    let token = picks.token();
    read_common(transaction, account, "pay", &token)?;
    let state: String =
        transaction.prepare_cached(sql!("shared/order"))?.query_row(params![order, account], |row| row.get(2))?;
    anyhow::ensure!(state == "open", "the order is open");
    let next: String = transaction.prepare_cached(sql!("sqlite/order_lines"))?.query_row([order], |row| row.get(5))?;
    let seen = read_service(transaction, service)?;
    let method = method_of(account);
    transaction
        .prepare_cached(sql!("shared/method"))?
        .query_row(params![method, account], |row| row.get::<_, i64>(0))?;
    transaction.prepare_cached(sql!("sqlite/order_settle"))?.execute(params!["fulfilled", NOW, order, account])?;
    transaction
        .prepare_cached(sql!("sqlite/extension_insert"))?
        .execute(params![service, account, seen.until, next, order])?;
    transaction.prepare_cached(sql!("sqlite/service_extend"))?.execute(params![
        None::<String>,
        "automatic",
        "P1M",
        "none",
        None::<i64>,
        next,
        seen.anchor,
        service,
        account,
        seen.version
    ])?;
    let gross = NET_MINOR + TAX_MINOR;
    transaction
        .prepare_cached(sql!("sqlite/payment_insert"))?
        .execute(params![order, account, "paypal", method, gross, "EUR", 0, NOW])?;
    let number: i64 = transaction
        .prepare_cached("select coalesce(max(number), 0) + 1 from invoices where series = 'INV'")?
        .query_row([], |row| row.get(0))?;
    transaction.prepare_cached(sql!("sqlite/invoice_insert"))?.execute(params![
        number,
        account,
        "original",
        None::<i64>,
        "INV",
        number,
        order,
        NOW,
        "EUR",
        NET_MINOR,
        TAX_MINOR,
        gross
    ])?;
    for (book, amount) in [("revenue", NET_MINOR), ("tax", TAX_MINOR)] {
        transaction.prepare_cached(sql!("sqlite/transfer_insert"))?.execute(params![
            account,
            "collected-paypal",
            book,
            amount,
            "EUR",
            order,
            NOW,
            None::<String>
        ])?;
    }
    remember(transaction, account, "pay", &token, "paid", order)
}

fn remember(
    transaction: &Transaction<'_>,
    account: i64,
    operation: &str,
    token: &str,
    answer: &str,
    order: i64,
) -> Result<()> {
    let keep_until = NOW + 1_464 * DAY;
    transaction
        .prepare_cached(sql!("sqlite/replay_set"))?
        .execute(params![account, operation, token, [7_u8; 32], answer, order, keep_until])?;
    Ok(())
}

/// A month later, as the product's calendar has it for a day that every month has.
pub fn following(until: &str) -> Result<String> {
    let date: jiff::civil::Date = until.parse()?;
    Ok(date.checked_add(jiff::Span::new().months(1))?.to_string())
}

/// Random choices from one seed, so that each run makes the same.
pub struct Picks(pub u64);

impl Picks {
    /// The next number below `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        let end = u64::try_from(end).unwrap_or(1);
        i64::try_from(self.draw() % end).unwrap_or(0)
    }

    /// The next idempotency token: 32 hexadecimal digits.
    pub fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.draw(), self.draw())
    }

    /// The generator `SplitMix64`.
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

const _: () = assert!(ACCOUNTS == 64, "a connection an account");
