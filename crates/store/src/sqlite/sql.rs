//! Every statement, from its file. Nothing is put together from strings.

/// Names each file's text, and lists them all for the tests that read every plan.
macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/", $file));)*

        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    ACCESS_BUMP = "shared/access_bump.sql";
    ACCESS_VERSION = "shared/access_version.sql";
    ACCOUNT = "shared/account.sql";
    ACCOUNT_FIND = "shared/account_find.sql";
    ACCOUNT_IDS = "shared/account_ids.sql";
    ACCOUNT_INSERT = "shared/account_insert.sql";
    ACCOUNT_SET = "shared/account_set.sql";
    APPLICATION = "shared/application.sql";
    APPLICATION_FIND = "shared/application_find.sql";
    APPLICATION_SET = "shared/application_set.sql";
    APPLICATIONS = "shared/applications.sql";
    BALANCE_MOVEMENTS = "shared/balance_movements.sql";
    BALANCES = "shared/balances.sql";
    CATALOGUE_BUMP = "shared/catalogue_bump.sql";
    CATALOGUE_VERSION = "shared/catalogue_version.sql";
    COUPON = "shared/coupon.sql";
    COUPON_INSERT = "shared/coupon_insert.sql";
    COUPON_SET = "shared/coupon_set.sql";
    COUPON_USE = "shared/coupon_use.sql";
    COUPONS_UNUSED = "shared/coupons_unused.sql";
    CREDENTIAL = "shared/credential.sql";
    CREDENTIAL_FIND = "shared/credential_find.sql";
    CREDENTIAL_PENDING = "shared/credential_pending.sql";
    CREDENTIAL_SET = "shared/credential_set.sql";
    CREDENTIAL_TOUCH = "shared/credential_touch.sql";
    CREDENTIALS = "shared/credentials.sql";
    CREDENTIALS_EXPIRE = "shared/credentials_expire.sql";
    CREDENTIALS_FORGET = "shared/credentials_forget.sql";
    EXTENSION_INSERT = "shared/extension_insert.sql";
    INVOICE = "shared/invoice.sql";
    INVOICE_FIND = "shared/invoice_find.sql";
    INVOICE_INSERT = "shared/invoice_insert.sql";
    INVOICES = "shared/invoices.sql";
    INVOICES_OF_ORDER = "shared/invoices_of_order.sql";
    JOB = "shared/job.sql";
    JOB_INSERT = "shared/job_insert.sql";
    LINK = "shared/link.sql";
    LINK_FIND = "shared/link_find.sql";
    LINK_SET = "shared/link_set.sql";
    METHOD = "shared/method.sql";
    METHOD_IDS = "shared/method_ids.sql";
    METHOD_INSERT = "shared/method_insert.sql";
    METHOD_NAMED = "shared/method_named.sql";
    METHOD_SET = "shared/method_set.sql";
    METHODS = "shared/methods.sql";
    METHODS_DEMOTE = "shared/methods_demote.sql";
    NEXT = "shared/next.sql";
    NONCE = "shared/nonce.sql";
    NONCE_SET = "shared/nonce_set.sql";
    NONCES_FORGET = "shared/nonces_forget.sql";
    NOTICE_INSERT = "shared/notice_insert.sql";
    NOTICE_SENT = "shared/notice_sent.sql";
    NOTICES_FORGET = "shared/notices_forget.sql";
    NOTICES_WAITING = "shared/notices_waiting.sql";
    ORDER = "shared/order.sql";
    ORDER_IDS = "shared/order_ids.sql";
    ORDER_IDS_OPEN = "shared/order_ids_open.sql";
    ORDER_INSERT = "shared/order_insert.sql";
    ORDER_LINE_INSERT = "shared/order_line_insert.sql";
    ORDER_LINES = "shared/order_lines.sql";
    ORDER_LINES_CLEAR = "shared/order_lines_clear.sql";
    ORDER_PLAN = "shared/order_plan.sql";
    ORDER_REVISE = "shared/order_revise.sql";
    ORDER_SETTLE = "shared/order_settle.sql";
    PAYMENT = "shared/payment.sql";
    PAYMENT_INSERT = "shared/payment_insert.sql";
    PRODUCT_INSERT = "shared/product_insert.sql";
    PRODUCT_PRICE_INSERT = "shared/product_price_insert.sql";
    PRODUCT_PRICES = "shared/product_prices.sql";
    PRODUCT_PRICES_CLEAR = "shared/product_prices_clear.sql";
    PRODUCT_SET = "shared/product_set.sql";
    PRODUCTS = "shared/products.sql";
    PROMO_SET = "shared/promo_set.sql";
    PROMOS = "shared/promos.sql";
    REPLAY = "shared/replay.sql";
    REPLAY_SET = "shared/replay_set.sql";
    REPLAYS_FORGET = "shared/replays_forget.sql";
    SELLER = "shared/seller.sql";
    SELLER_SET = "shared/seller_set.sql";
    SERVICE = "shared/service.sql";
    SERVICE_ANY = "shared/service_any.sql";
    SERVICE_AWAIT = "shared/service_await.sql";
    SERVICE_CHILDREN = "shared/service_children.sql";
    SERVICE_EXTEND = "shared/service_extend.sql";
    SERVICE_FIND = "shared/service_find.sql";
    SERVICE_IDS = "shared/service_ids.sql";
    SERVICE_IDS_OF_KIND = "shared/service_ids_of_kind.sql";
    SERVICE_INSERT = "shared/service_insert.sql";
    SERVICE_NAMED = "shared/service_named.sql";
    SERVICE_PRICE_INSERT = "shared/service_price_insert.sql";
    SERVICE_PRICES = "shared/service_prices.sql";
    SERVICE_PRICES_CLEAR = "shared/service_prices_clear.sql";
    SERVICE_RECORD = "shared/service_record.sql";
    SERVICE_SET = "shared/service_set.sql";
    SERVICES_DUE = "shared/services_due.sql";
    TERMINATION = "shared/termination.sql";
    TERMINATION_CLEAR = "shared/termination_clear.sql";
    TERMINATION_SET = "shared/termination_set.sql";
    TRANSFER_INSERT = "shared/transfer_insert.sql";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use rusqlite::Connection;

    use super::super::migrate::migrate;
    use super::ALL;

    /// Tables that grow with what is sold. The price list does not, and is read whole.
    const GROWING: [&str; 19] = [
        "accounts",
        "services",
        "service_prices",
        "orders",
        "order_lines",
        "payments",
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
    ];

    #[test]
    fn every_file_is_named_and_says_what_it_is_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/shared");
        let files: BTreeSet<_> = std::fs::read_dir(folder)
            .expect("there is the folder")
            .map(|file| file.expect("can be read").path())
            .filter(|path| path.is_file())
            .map(|path| format!("shared/{}", path.file_name().and_then(|name| name.to_str()).expect("has a name")))
            .collect();
        let named: BTreeSet<_> = ALL.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(named, files);
        for (file, text) in ALL {
            assert!(text.starts_with("-- "), "{file} opens with a line of what it is for");
        }
    }

    #[test]
    fn parameters_appear_first_in_ascending_order() {
        for (file, text) in ALL {
            let mut highest = 0;
            for tail in text.split('$').skip(1) {
                let digits: String = tail.chars().take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.parse().expect("is a number");
                assert!(number <= highest + 1, "${number} in {file} comes too early");
                highest = highest.max(number);
            }
        }
    }

    #[test]
    fn no_statement_scans_a_growing_table() {
        let mut connection = Connection::open_in_memory().expect("opens");
        migrate(&mut connection).expect("migrates");
        for (file, text) in ALL {
            if text.starts_with("-- Full listing") {
                continue;
            }
            // For a new parent row SQLite also plans to look for its children, and does so only while one is missing.
            connection.pragma_update(None, "foreign_keys", !text.contains("insert into")).expect("is set");
            let explain = format!("explain query plan {text}");
            let mut statement = connection.prepare(&explain).unwrap_or_else(|error| panic!("{file}: {error}"));
            for index in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(index, 1).expect("binds");
            }
            let mut plan = statement.raw_query();
            while let Some(step) = plan.next().expect("explains") {
                let step: String = step.get(3).expect("is text");
                let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
                assert!(!scanned.is_some_and(|table| GROWING.contains(&table)), "{file}: {step}");
            }
        }
    }

    /// SQLite keeps what it cannot compare row by row in a table in memory, made anew for each run of the statement.
    #[test]
    fn what_each_renewal_runs_makes_no_table_in_memory() {
        let mut connection = Connection::open_in_memory().expect("opens");
        migrate(&mut connection).expect("migrates");
        let renewal = [
            "account",
            "coupon_use",
            "extension_insert",
            "invoice_insert",
            "next",
            "order",
            "order_insert",
            "order_line_insert",
            "order_lines",
            "order_settle",
            "payment_insert",
            "replay",
            "replay_set",
            "service",
            "service_extend",
            "service_prices",
            "service_set",
            "transfer_insert",
        ];
        for name in renewal {
            let file = format!("shared/{name}.sql");
            let (_, text) = ALL.iter().find(|(named, _)| *named == file).expect("is a statement");
            let mut statement = connection.prepare(&format!("explain {text}")).expect("is prepared");
            for index in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(index, 1).expect("binds");
            }
            let mut program = statement.raw_query();
            while let Some(step) = program.next().expect("explains") {
                let step: String = step.get(1).expect("is text");
                assert!(step != "OpenEphemeral" && step != "SorterOpen", "{file}: {step}");
            }
        }
    }
}
