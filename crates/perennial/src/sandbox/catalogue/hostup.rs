//! What is rehearsed with HostUp's API: the domain of its documentation, and hosting and a VPS beside it. The ids on the
//! wire are made of these numbers.

use perennial_core::account::Standing;
use perennial_core::money::Currency;
use perennial_core::payment::MethodKind;
use perennial_core::product::Kind;

use super::super::demo::{HOSTUP, HOSTUP_OTHER};
use super::{AccountRow, MethodRow, Prices, ProductRow, Rows, ServiceRow};

pub(super) const ROWS: Rows = Rows {
    accounts: &[
        AccountRow {
            // Credit notes are for businesses.
            vat_number: Some("SE556000000001"),
            balance: 50_000,
            ..account(HOSTUP, "Astrid Lindqvist")
        },
        account(HOSTUP_OTHER, "Erik Nyberg"),
    ],
    products: &[
        product("domain-se", "Domain .se", Kind::Domain, &[("P1Y", 15_900), ("P2Y", 31_800), ("P3Y", 47_700)]),
        product("web-start", "Web Hosting Start", Kind::Hosting, &[("P1M", 6_900), ("P1Y", 69_000), ("P2Y", 138_000)]),
        product(
            "extra-storage",
            "Extra storage 10 GB",
            Kind::Addon,
            &[("P1M", 2_000), ("P1Y", 20_000), ("P2Y", 40_000)],
        ),
        product("vps-s", "VPS S", Kind::Server, &[("P1M", 9_900), ("P3M", 29_700), ("P1Y", 108_900)]),
        product("vps-backup", "VPS backup", Kind::Addon, &[("P1M", 2_500), ("P3M", 7_500), ("P1Y", 27_500)]),
    ],
    services: &[
        ServiceRow {
            facts: &[("nameServers", "ns1.example.net,ns2.example.net")],
            ..ServiceRow::new(5001, HOSTUP, "domain-se", "example.se", "P1Y")
        },
        ServiceRow::new(5101, HOSTUP, "web-start", "www.example.se", "P1Y"),
        ServiceRow {
            parent: Some(5101),
            ..ServiceRow::new(5102, HOSTUP, "extra-storage", "extra storage of www.example.se", "P1Y")
        },
        ServiceRow {
            facts: &[("ip", "192.0.2.20"), ("vcpus", "1"), ("memory", "2"), ("disk", "40")],
            ..ServiceRow::new(5201, HOSTUP, "vps-s", "srv1.example.se", "P1M")
        },
        ServiceRow {
            parent: Some(5201),
            ..ServiceRow::new(5202, HOSTUP, "vps-backup", "backup of srv1.example.se", "P1M")
        },
        ServiceRow::new(5091, HOSTUP_OTHER, "domain-se", "nyberg.se", "P1Y"),
    ],
    methods: &[
        // The number makes it the documentation's `card_01hxa3b4c5d6e7f8g9h0j1k2m3`.
        MethodRow { ends: true, ..MethodRow::new(5001, HOSTUP, MethodKind::Card, "visa **** 4242") },
        MethodRow { ends: true, ..MethodRow::new(5002, HOSTUP_OTHER, MethodKind::Card, "mastercard **** 5556") },
    ],
    promos: &[],
    coupons: &[],
};

const fn account(code: &'static str, name: &'static str) -> AccountRow {
    AccountRow {
        code,
        name,
        country: "SE",
        vat_number: None,
        currency: Currency::SEK,
        vat_percent: "25",
        zone: "Europe/Stockholm",
        credit_limit: 0,
        standing: Standing::Customer,
        facts: &[],
        balance: 0,
    }
}

const fn product(
    code: &'static str,
    name: &'static str,
    kind: Kind,
    prices: &'static [(&'static str, i64)],
) -> ProductRow {
    ProductRow::new(code, name, kind, Currency::SEK, Prices::Listed(prices))
}
