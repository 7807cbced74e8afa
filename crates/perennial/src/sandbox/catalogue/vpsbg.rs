//! What is rehearsed with VPSBG's API: the servers, add-ons and codes of its documentation.

use perennial_core::account::Standing;
use perennial_core::money::Currency;
use perennial_core::payment::MethodKind;
use perennial_core::product::Kind;

use super::super::demo::{VPSBG, VPSBG_OTHER};
use super::{AccountRow, Facts, MethodRow, Prices, ProductRow, PromoRow, Rows, ServiceRow};

pub(super) const ROWS: Rows = Rows {
    accounts: &[
        AccountRow { balance: 50_000, facts: ACCOUNT_FACTS, ..account(VPSBG, "Ivan Petrov") },
        account(VPSBG_OTHER, "Maria Georgieva"),
    ],
    products: &[
        ProductRow {
            facts: &[
                ("type", "cloud-vps"),
                ("key", "cloud-vps-2gb"),
                ("vcpus", "1"),
                ("memory", "2"),
                ("disk", "50"),
                ("bandwidth", "5"),
                ("minimum_billing_cycle", "1"),
            ],
            ..monthly("cloud-vps-2gb", "Cloud VPS 2 GB", Kind::Server, 2_500)
        },
        ProductRow {
            facts: &[
                ("type", "cloud-vps"),
                ("key", "cloud-vps-4gb"),
                ("vcpus", "2"),
                ("memory", "4"),
                ("disk", "80"),
                ("bandwidth", "5"),
                ("minimum_billing_cycle", "1"),
            ],
            ..monthly("cloud-vps-4gb", "Cloud VPS 4 GB", Kind::Server, 3_900)
        },
        monthly("cpanel-admin-5", "cPanel & WHM license - up to 5 accounts", Kind::Addon, 2_500),
        monthly("cpanel-pro-30", "cPanel & WHM license - up to 30 accounts", Kind::Addon, 3_500),
        monthly("cpanel-plus-50", "cPanel & WHM license - up to 50 accounts", Kind::Addon, 5_000),
        monthly("cpanel-premier-100", "cPanel & WHM license - up to 100 accounts", Kind::Addon, 7_000),
        monthly("backups", "Automatic backups", Kind::Addon, 500),
        monthly("100mbps-unmetered", "100 Mbps unmetered bandwidth", Kind::Addon, 5_000),
        monthly("1gbps-unmetered", "1 Gbps unmetered bandwidth", Kind::Addon, 45_000),
        monthly("windows-server-license", "Windows Server license", Kind::Addon, 1_000),
        monthly("microsoft-office-sal", "Microsoft Office SAL", Kind::Addon, 2_000),
        monthly("floating-ipv4", "Floating IPv4", Kind::Ip, 250),
        monthly("floating-ipv4-ddos", "Floating IPv4 with DDoS protection", Kind::Ip, 500),
        monthly("floating-ipv6", "Floating IPv6", Kind::Ip, 100),
        monthly("support-professional", "Professional support", Kind::Support, 1_500),
    ],
    services: &[
        ServiceRow {
            facts: &[("ip", "87.121.52.159"), ("image", "Ubuntu 22.04"), ("image_id", "73")],
            ..ServiceRow::new(2904, VPSBG, "cloud-vps-2gb", "ubuntu-2gb", "P1M")
        },
        ServiceRow {
            parent: Some(2904),
            ..ServiceRow::new(2905, VPSBG, "cpanel-pro-30", "cPanel of ubuntu-2gb", "P1M")
        },
        ServiceRow::new(3321, VPSBG, "cloud-vps-2gb", "debian-2gb", "P1M"),
        ServiceRow {
            facts: &[("ip", "87.120.37.46"), ("ptr", "example.com")],
            ..ServiceRow::new(602, VPSBG, "floating-ipv4", "87.120.37.46", "P1M")
        },
        ServiceRow {
            facts: &[("ip", "87.121.52.160"), ("image", "Debian 12"), ("image_id", "81")],
            ..ServiceRow::new(4101, VPSBG_OTHER, "cloud-vps-2gb", "shop-2gb", "P1M")
        },
    ],
    methods: &[
        MethodRow { ends: true, ..MethodRow::new(4234, VPSBG, MethodKind::Card, "visa **** 4242") },
        MethodRow { ends: true, ..MethodRow::new(4235, VPSBG_OTHER, MethodKind::Card, "mastercard **** 5454") },
    ],
    // The ladder of `GET /plans/{id}/promo-codes`.
    promos: &[
        promo("fall2401", "5", 1),
        promo("fall2403", "10", 3),
        promo("fall2406", "15", 6),
        promo("fall2412", "20", 12),
        promo("fall2424", "25", 24),
    ],
    coupons: &[],
};

const ACCOUNT_FACTS: Facts = &[
    ("phone_number", "+359 2 000 0000"),
    ("city", "Sofia"),
    ("address", "1 Vitosha Boulevard"),
    ("country_name", "Bulgaria"),
    ("country_name_bg", "България"),
];

const fn account(code: &'static str, name: &'static str) -> AccountRow {
    AccountRow {
        code,
        name,
        country: "BG",
        vat_number: None,
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Sofia",
        credit_limit: 0,
        standing: Standing::Customer,
        facts: &[],
        balance: 0,
    }
}

const fn monthly(code: &'static str, name: &'static str, kind: Kind, minor: i64) -> ProductRow {
    ProductRow::new(code, name, kind, Currency::EUR, Prices::Monthly(minor))
}

const fn promo(code: &'static str, percent: &'static str, months_min: u16) -> PromoRow {
    PromoRow { code, percent, months_min, products: &["cloud-vps-2gb", "cloud-vps-4gb"] }
}
