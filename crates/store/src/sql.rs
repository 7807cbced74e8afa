//! Every statement, from its file. (What PostgreSQL reads for many keys at once is put around the file's text; see
//! `postgres/sets.rs`.)

/// A statement in the words of each database. Most have one text for both.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
    /// Whether PostgreSQL writes by it the rows of many decisions at once: each parameter is an array then.
    pub(crate) by_sets: bool,
}

impl Statement {
    /// A statement that both databases understand.
    pub(crate) const fn same(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text, by_sets: false }
    }
}

/// The text of a file of `sql/`.
macro_rules! text {
    ($file:literal) => {
        include_str!(concat!("../sql/", $file))
    };
}
pub(crate) use text;

/// A statement of one file, or of one for SQLite and one for PostgreSQL.
macro_rules! statement {
    ($file:literal) => {
        &Statement::same(text!($file))
    };
    ($sqlite:literal or $postgres:literal) => {
        &Statement { sqlite: text!($sqlite), postgres: text!($postgres), by_sets: false }
    };
    ($sqlite:literal or sets $postgres:literal) => {
        &Statement { sqlite: text!($sqlite), postgres: text!($postgres), by_sets: true }
    };
}

/// Names each statement by its file, or by its two files, and lists them all for the tests.
macro_rules! statements {
    ($($name:ident = $file:literal $(or $($sets:ident)? $postgres:literal)?;)*) => {
        $(pub(crate) const $name: &Statement = statement!($file $(or $($sets)? $postgres)?);)*

        /// Each statement, with its file: the one for SQLite where there are two.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &Statement)] = &[$(($file, $name)),*];

        /// The pairs of files, SQLite's first, with the second one's text.
        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$($(($file, $postgres, text!($postgres)),)?)*];
    };
}

statements! {
    ACCESS_BUMP = "shared/access_bump.sql";
    ACCESS_VERSION = "shared/access_version.sql";
    ACCOUNT = "shared/account.sql";
    ACCOUNT_FIND = "shared/account_find.sql";
    ACCOUNT_IDS = "shared/account_ids.sql";
    ACCOUNT_INSERT = "sqlite/account_insert.sql" or "postgres/account_insert.sql";
    ACCOUNT_SET = "shared/account_set.sql";
    APPLICATION = "shared/application.sql";
    APPLICATION_FIND = "shared/application_find.sql";
    APPLICATION_SET = "shared/application_set.sql";
    APPLICATIONS = "shared/applications.sql";
    BALANCE_MOVEMENTS = "shared/balance_movements.sql";
    BALANCES = "shared/balances.sql";
    CATALOGUE_BUMP = "shared/catalogue_bump.sql";
    CATALOGUE_VERSION = "shared/catalogue_version.sql";
    CHARGE_INSERT = "sqlite/charge_insert.sql" or sets "postgres/charge_insert.sql";
    CHARGE_NEXT = "shared/charge_next.sql";
    CHARGE_SET = "sqlite/charge_set.sql" or sets "postgres/charge_set.sql";
    CHARGE_WAIT = "shared/charge_wait.sql";
    CHARGES_CLAIM = "sqlite/charges_claim.sql" or "postgres/charges_claim.sql";
    CHARGES_OF_ORDER = "shared/charges_of_order.sql";
    COUPON = "shared/coupon.sql";
    COUPON_INSERT = "sqlite/coupon_insert.sql" or "postgres/coupon_insert.sql";
    COUPON_SET = "shared/coupon_set.sql";
    COUPON_USE = "sqlite/coupon_use.sql" or sets "postgres/coupon_use.sql";
    COUPONS_UNUSED = "sqlite/coupons_unused.sql" or "postgres/coupons_unused.sql";
    CREDENTIAL = "shared/credential.sql";
    CREDENTIAL_FIND = "shared/credential_find.sql";
    CREDENTIAL_PENDING = "shared/credential_pending.sql";
    CREDENTIAL_SET = "shared/credential_set.sql";
    CREDENTIAL_TOUCH = "sqlite/credential_touch.sql" or sets "postgres/credential_touch.sql";
    CREDENTIALS = "shared/credentials.sql";
    CREDENTIALS_EXPIRE = "shared/credentials_expire.sql";
    CREDENTIALS_FORGET = "sqlite/credentials_forget.sql" or "postgres/credentials_forget.sql";
    DELIVERIES = "shared/deliveries.sql";
    DELIVERIES_CLAIM = "sqlite/deliveries_claim.sql" or "postgres/deliveries_claim.sql";
    DELIVERIES_COUNT = "shared/deliveries_count.sql";
    DELIVERIES_DUE = "shared/deliveries_due.sql";
    DELIVERIES_GIVE_UP = "shared/deliveries_give_up.sql";
    DELIVERIES_REPLAY = "shared/deliveries_replay.sql";
    DELIVERY = "shared/delivery.sql";
    DELIVERY_INSERT = "shared/delivery_insert.sql";
    DELIVERY_REPLAY = "shared/delivery_replay.sql";
    DELIVERY_SETTLE = "shared/delivery_settle.sql";
    EVENT_INSERT = "shared/event_insert.sql";
    EVENTS_FORGET = "sqlite/events_forget.sql" or "postgres/events_forget.sql";
    EXTENSION_INSERT = "sqlite/extension_insert.sql" or sets "postgres/extension_insert.sql";
    HOLDING = "shared/holding.sql";
    HOLDING_SET = "sqlite/holding_set.sql" or sets "postgres/holding_set.sql";
    HOLDINGS = "shared/holdings.sql";
    HOLDINGS_COUNT = "shared/holdings_count.sql";
    HOLDINGS_FIND = "shared/holdings_find.sql";
    HOLDINGS_FORGET = "shared/holdings_forget.sql";
    HOLDINGS_OF = "shared/holdings_of.sql";
    INTENT = "shared/intent.sql";
    INTENT_AGAIN = "shared/intent_again.sql";
    INTENT_CLAIM = "shared/intent_claim.sql";
    INTENT_INSERT = "shared/intent_insert.sql";
    INTENT_NOTE_INSERT = "shared/intent_note_insert.sql";
    INTENT_NOTES = "shared/intent_notes.sql";
    INTENT_RELEASE = "shared/intent_release.sql";
    INTENT_WRITE = "shared/intent_write.sql";
    INTENTS_FIND = "shared/intents_find.sql";
    INTENTS_OF = "shared/intents_of.sql";
    INTENTS_OPEN = "shared/intents_open.sql";
    INTENTS_SINCE = "shared/intents_since.sql";
    INVOICE = "shared/invoice.sql";
    INVOICE_FIND = "shared/invoice_find.sql";
    INVOICE_INSERT = "sqlite/invoice_insert.sql" or sets "postgres/invoice_insert.sql";
    INVOICES = "shared/invoices.sql";
    INVOICES_OF_ORDER = "shared/invoices_of_order.sql";
    JOB = "shared/job.sql";
    JOB_INSERT = "shared/job_insert.sql";
    LINK = "shared/link.sql";
    LINK_FIND = "shared/link_find.sql";
    LINK_SET = "sqlite/link_set.sql" or "postgres/link_set.sql";
    METHOD = "shared/method.sql";
    METHOD_IDS = "shared/method_ids.sql";
    METHOD_INSERT = "sqlite/method_insert.sql" or "postgres/method_insert.sql";
    METHOD_NAMED = "shared/method_named.sql";
    METHOD_SET = "shared/method_set.sql";
    METHODS = "shared/methods.sql";
    METHODS_DEMOTE = "shared/methods_demote.sql";
    NEXT = "shared/next.sql";
    NONCE = "shared/nonce.sql";
    NONCE_SET = "sqlite/nonce_set.sql" or sets "postgres/nonce_set.sql";
    NONCES_FORGET = "sqlite/nonces_forget.sql" or "postgres/nonces_forget.sql";
    NOTICE_INSERT = "sqlite/notice_insert.sql" or sets "postgres/notice_insert.sql";
    NOTICE_NEXT = "shared/notice_next.sql";
    NOTICE_SENT = "shared/notice_sent.sql";
    NOTICE_SPREAD = "shared/notice_spread.sql";
    NOTICE_WAIT = "shared/notice_wait.sql";
    NOTICES_CLAIM = "sqlite/notices_claim.sql" or "postgres/notices_claim.sql";
    NOTICES_FORGET = "sqlite/notices_forget.sql" or "postgres/notices_forget.sql";
    NOTICES_UNSPREAD = "shared/notices_unspread.sql";
    NOTICES_WAITING = "shared/notices_waiting.sql";
    ORDER = "shared/order.sql";
    ORDER_IDS = "shared/order_ids.sql";
    ORDER_IDS_OPEN = "shared/order_ids_open.sql";
    ORDER_INSERT = "sqlite/order_insert.sql" or sets "postgres/order_insert.sql";
    ORDER_LINE_INSERT = "sqlite/order_line_insert.sql" or sets "postgres/order_line_insert.sql";
    ORDER_LINES = "sqlite/order_lines.sql" or "postgres/order_lines.sql";
    ORDER_LINES_CLEAR = "sqlite/order_lines_clear.sql" or "postgres/order_lines_clear.sql";
    ORDER_PLAN = "shared/order_plan.sql";
    ORDER_REVISE = "shared/order_revise.sql";
    ORDER_SETTLE = "sqlite/order_settle.sql" or sets "postgres/order_settle.sql";
    PAYMENT = "shared/payment.sql";
    PAYMENT_INSERT = "sqlite/payment_insert.sql" or sets "postgres/payment_insert.sql";
    PRODUCT_INSERT = "sqlite/product_insert.sql" or "postgres/product_insert.sql";
    PRODUCT_PRICE_INSERT = "shared/product_price_insert.sql";
    PRODUCT_PRICES = "shared/product_prices.sql";
    PRODUCT_PRICES_CLEAR = "shared/product_prices_clear.sql";
    PRODUCT_SET = "shared/product_set.sql";
    PRODUCTS = "shared/products.sql";
    PROMO_SET = "shared/promo_set.sql";
    PROMOS = "shared/promos.sql";
    REPLAY = "shared/replay.sql";
    REPLAY_SET = "sqlite/replay_set.sql" or sets "postgres/replay_set.sql";
    REPLAYS_FORGET = "sqlite/replays_forget.sql" or "postgres/replays_forget.sql";
    SCHEDULE_DONE = "shared/schedule_done.sql";
    SCHEDULE_HOLD = "shared/schedule_hold.sql";
    SELLER = "shared/seller.sql";
    SELLER_SET = "shared/seller_set.sql";
    SERVICE = "sqlite/service.sql" or "postgres/service.sql";
    SERVICE_ANY = "shared/service_any.sql";
    SERVICE_AWAIT = "shared/service_await.sql";
    SERVICE_CHILDREN = "shared/service_children.sql";
    SERVICE_EXTEND = "sqlite/service_extend.sql" or sets "postgres/service_extend.sql";
    SERVICE_FIND = "shared/service_find.sql";
    SERVICE_IDS = "shared/service_ids.sql";
    SERVICE_IDS_OF_KIND = "shared/service_ids_of_kind.sql";
    SERVICE_INSERT = "sqlite/service_insert.sql" or "postgres/service_insert.sql";
    SERVICE_NAMED = "shared/service_named.sql";
    SERVICE_PRICE_INSERT = "sqlite/service_price_insert.sql" or "postgres/service_price_insert.sql";
    SERVICE_PRICES = "sqlite/service_prices.sql" or "postgres/service_prices.sql";
    SERVICE_PRICES_CLEAR = "sqlite/service_prices_clear.sql" or "postgres/service_prices_clear.sql";
    SERVICE_RECORD = "shared/service_record.sql";
    SERVICE_SET = "sqlite/service_set.sql" or sets "postgres/service_set.sql";
    SERVICES_DUE = "shared/services_due.sql";
    SERVICES_OF_ORDER = "sqlite/services_of_order.sql" or "postgres/services_of_order.sql";
    SPENT = "shared/spent.sql";
    STAGE_INSERT = "sqlite/stage_insert.sql" or sets "postgres/stage_insert.sql";
    STAGES = "shared/stages.sql";
    STAGES_FORGET = "sqlite/stages_forget.sql" or "postgres/stages_forget.sql";
    SYNC_SET = "shared/sync_set.sql";
    SYNCS = "shared/syncs.sql";
    TERMINATION = "shared/termination.sql";
    TERMINATION_CLEAR = "shared/termination_clear.sql";
    TERMINATION_SET = "sqlite/termination_set.sql" or "postgres/termination_set.sql";
    TRANSFER_INSERT = "sqlite/transfer_insert.sql" or sets "postgres/transfer_insert.sql";
    WEBHOOK_DISABLE = "shared/webhook_disable.sql";
    WEBHOOK_ENABLE = "shared/webhook_enable.sql";
    WEBHOOK_INSERT = "shared/webhook_insert.sql";
    WEBHOOK_REMOVE = "shared/webhook_remove.sql";
    WEBHOOKS = "shared/webhooks.sql";
}

/// Tables that grow with what is sold, rented and renewed. The price list and the webhooks do not, and are read whole.
#[cfg(test)]
pub(crate) const GROWING: [&str; 26] = [
    "accounts",
    "services",
    "service_prices",
    "orders",
    "order_lines",
    "payments",
    "charges",
    "payment_links",
    "jobs",
    "extensions",
    "invoices",
    "transfers",
    "replays",
    "nonces",
    "terminations",
    "applications",
    "credentials",
    "notices",
    "coupons",
    "methods",
    "holdings",
    "intents",
    "intent_notes",
    "stages",
    "events",
    "deliveries",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{ALL, PAIRS};

    #[test]
    fn every_file_is_named_and_says_what_it_is_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/shared");
        let files: BTreeSet<_> = std::fs::read_dir(folder)
            .expect("there is the folder")
            .map(|file| file.expect("can be read").path())
            .filter(|path| path.is_file())
            .map(|path| format!("shared/{}", path.file_name().and_then(|name| name.to_str()).expect("has a name")))
            .collect();
        let shared = ALL.iter().filter(|(file, _)| file.starts_with("shared/"));
        let named: BTreeSet<_> = shared.map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(named, files);
        for (file, statement) in ALL {
            assert!(statement.sqlite.starts_with("-- "), "{file} opens with a line of what it is for");
        }
    }

    #[test]
    fn what_differs_has_one_name_and_says_why() {
        for (sqlite, postgres, text) in PAIRS {
            assert_eq!(sqlite.strip_prefix("sqlite/"), postgres.strip_prefix("postgres/"));
            assert!(text.starts_with("-- differs: "), "{postgres} opens with a line of why it differs");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/postgres");
        for file in std::fs::read_dir(folder).expect("there is the folder") {
            let path = file.expect("can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("has a name");
            let named = PAIRS.iter().any(|(_, postgres, _)| postgres.strip_prefix("postgres/") == Some(name));
            // What only one database has is named where it is run.
            let own = ["begin", "copy", "migration", "server"].iter().any(|own| name.starts_with(own));
            assert!(named || own, "`{name}` is named");
        }
        let files: BTreeSet<_> = ALL.iter().map(|(file, _)| file).collect();
        assert_eq!(files.len(), ALL.len(), "no file is named twice");
    }

    #[test]
    fn parameters_appear_first_in_ascending_order() {
        for (file, statement) in ALL {
            let mut highest = 0;
            for tail in statement.sqlite.split('$').skip(1) {
                let digits: String = tail.chars().take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.parse().expect("is a number");
                assert!(number <= highest + 1, "${number} in {file} comes too early");
                highest = highest.max(number);
            }
        }
    }
}
