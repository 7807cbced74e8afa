//! What a ledger consists of: every table and column, once, for both databases. Tests compare this with both schemas.

use crate::driver::{Cell, Result, Row};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Where SQLite has to look for it. PostgreSQL keeps the account with all that belongs to it.
    pub(crate) owner: Option<Owner>,
}

/// A row of another table that has the column too, found by its id.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) table: &'static str,
    /// The column that names the row.
    pub(crate) by: &'static str,
}

/// A table that is copied.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What tells its rows apart: the primary key that it has in SQLite.
    pub(crate) key: &'static [&'static str],
    pub(crate) columns: &'static [Column],
}

impl Table {
    /// Whether a new ledger has a row of it. Such a row makes way for the copied one.
    pub(crate) fn is_seeded(&self) -> bool {
        ["catalogue", "access"].contains(&self.name)
    }

    /// The names of its columns, with commas between them.
    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// What a row holds, which was read by these names.
    pub(crate) fn cells<'row>(&self, row: &'row impl Row) -> Result<Vec<Cell<'row>>> {
        (0..self.columns.len()).map(|column| row.cell(column)).collect()
    }
}

macro_rules! tables {
    ($($table:ident by $($key:ident)+ { $($kind:ident $column:ident $(of $owner:ident by $by:ident)?),* $(,)? })*) => {
        /// Every table, each after those that it refers to. (Where a service belongs to another, ids do not tell which
        /// comes first; that reference may wait for the end of the transaction.)
        pub(crate) const TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            key: &[$(stringify!($key)),+],
            columns: &[$(Column {
                name: stringify!($column),
                kind: Kind::$kind,
                owner: tables!(@owner $($owner $by)?),
            }),*],
        }),*];
    };
    (@owner) => { None };
    (@owner $owner:ident $by:ident) => { Some(Owner { table: stringify!($owner), by: stringify!($by) }) };
}

tables! {
    seller by only_row {
        Int only_row, Text name, Text address, Text vat_number, Text invoice_series, Text credit_series, Text collects,
        Int receipts,
    }
    catalogue by only_row { Int only_row, Int version }
    access by only_row { Int only_row, Int version }
    accounts by id {
        Int id, Text code, Text name, Text email, Text country, Text vat_number, Text currency, Text tax, Int tax_ppm,
        Text zone, Int credit_limit_minor, Text standing, Text page_password, Text facts, Int created_at,
        Int joint_orders, Int align_day,
    }
    products by id {
        Int id, Text code, Text name, Text kind, Text renewability, Int grace_days, Int suspension_days,
        Int ahead_months_max, Text facts, Int redemption_days, Text redemption_fees,
    }
    product_prices by product_id position {
        Int product_id, Int position, Text currency, Text period, Int net_minor,
    }
    promos by code {
        Text code, Int off_ppm, Text products, Int months_min, Int starts_at, Int ends_at,
    }
    orders by id {
        Int id, Int account_id, Text state, Int settled_at, Text origin, Text purpose, Text promo, Int placed_at,
        Int lapses_at, Text password, Text currency, Int net_minor, Int tax_minor, Int gross_minor, Int pays_by_itself,
        Text pay_with, Int from_balance_minor, Text tax, Int tax_ppm,
    }
    services by id {
        Int id, Int account_id, Int product_id, Text kind, Int parent_id, Text name, Text display_name, Text created_on,
        Text until_date, Int anchor_day, Text mode, Text period, Text hold, Int open_order_id, Text facts, Int version,
        Int cancelled_at, Text cancel_reason, Text cancel_ending, Text mode_before,
    }
    service_prices by service_id position {
        Int account_id of services by service_id, Int service_id, Int position, Text currency, Text period,
        Int net_minor,
    }
    order_lines by order_id position {
        Int account_id of orders by order_id, Int order_id, Int position, Int service_id, Text service_name,
        Text description, Text period, Text from_date, Text until_date, Int list_minor, Int net_minor, Int tax_minor,
    }
    coupons by id {
        Int id, Int account_id, Int amount_minor, Text currency, Int expires_at, Int used_by,
    }
    methods by id {
        Int id, Int account_id, Text kind, Text label, Text description, Text status, Text preference, Text expires_on,
        Int created_at, Text gateway, Text gateway_customer, Text gateway_method,
    }
    charges by id {
        Int id, Int account_id, Int order_id, Int method_id, Text direction, Int amount_minor, Int from_balance_minor,
        Text currency, Text origin, Text again_on, Int opened_at, Text reference, Text state, Int settled_at,
        Text decline, Text claimed_by, Int claimed_until, Int tries, Int next_at,
    }
    payments by order_id {
        Int order_id, Int account_id, Text kind, Int method_id, Int amount_minor, Text currency, Int from_balance_minor,
        Int paid_at,
    }
    extensions by service_id from_date {
        Int account_id of services by service_id, Int service_id, Text from_date, Text until_date, Int order_id,
    }
    invoices by id {
        Int id, Int account_id, Text kind, Int corrects, Text series, Int number, Int order_id, Int issued_at,
        Text currency, Int net_minor, Int tax_minor, Int gross_minor,
    }
    transfers by id {
        Int id, Int account_id, Text debit, Text credit, Int amount_minor, Text currency, Int order_id, Int booked_at,
        Text memo, Int balance_after_minor, Int receivable_after_minor,
    }
    payment_links by order_id {
        Int order_id, Int account_id, Text token, Int created_at, Int views, Int viewed_at,
    }
    jobs by id {
        Int id, Int account_id, Text kind, Int order_id, Text report, Int done_at,
    }
    replays by account_id operation token {
        Int account_id, Text operation, Text token, Bytes digest, Text answer, Int order_id, Int keep_until,
    }
    applications by id {
        Int id, Int owner_id, Text dialect, Text key, Bytes secret_sealed, Text name, Text description, Text flow,
        Text status, Int created_at,
    }
    credentials by id {
        Int id, Text dialect, Int application_id, Int account_id, Bytes digest, Text label, Text status, Text rules,
        Text allowed_ips, Text redirection, Bytes approval_digest, Int created_at, Int expires_at, Int last_used_at,
    }
    nonces by application_id digest { Int application_id, Bytes digest, Int keep_until }
    terminations by service_id {
        Int service_id, Int account_id, Bytes token_digest, Text until_date, Int requested_at,
    }
    notices by id {
        Int id, Int account_id, Text kind, Int service_id, Int order_id, Int method_id, Text name, Text token,
        Text until_date, Text on_date, Text reason, Int caused_at, Int sent_at, Text claimed_by, Int claimed_until,
        Int tries, Int next_at, Int spread_at,
    }
    webhooks by id {
        Text id, Text url, Int account_id, Text kinds, Bytes secret_sealed, Int created_at, Int disabled_at,
    }
    events by id { Text id, Int account_id, Text kind, Text body, Int noted_at }
    deliveries by event_id webhook_id {
        Text event_id, Text webhook_id, Int noted_at, Int tries, Int next_at, Int delivered_at, Int given_up_at,
        Text answer,
    }
    stages by service_id until_date stage {
        Int service_id, Int account_id, Text until_date, Text stage, Int attended_at,
    }
    schedule by id { Int id, Text done_day, Text held_by, Int held_until }
    holdings by provider remote_id {
        Text provider, Text remote_id, Text kind, Text name, Text label, Text tags, Text parent, Text until_date,
        Int expires_at, Text blocked, Text native, Text period, Int read_at,
    }
    syncs by provider { Text provider, Int began_at, Int holdings }
    intents by id {
        Text id, Text provider, Text remote_id, Text kind, Text name, Text fence_date, Text length_period,
        Int length_day, Int net_minor, Int tax_minor, Int gross_minor, Int discount_minor, Text currency,
        Text offer_until_date, Text remarks, Text token, Int expires_at, Text native, Int made_at, Text state,
        Text order_id, Text order_invoice, Int order_gross_minor, Text order_currency, Text order_until_date,
        Text order_services, Text sent, Text sender, Int clean, Int reads, Text receipt_order, Text receipt_invoice,
        Int paid_minor, Text paid_currency, Int balance_minor, Text balance_currency, Text receipt_until_date,
        Text foreign_until_date, Text refused_by, Text why, Int watermark_at, Text watermark_orders,
        Int watermark_balance_minor, Text watermark_balance_currency, Int sent_at, Int tries, Int next_at,
        Int claim_number, Text holder, Int held_until,
    }
    intent_notes by intent_id number { Text intent_id, Int number, Int noted_at, Text state, Text note }
}
