//! What is rehearsed with OVHcloud's API: the services of its guide to renewals.

use perennial_core::account::Standing;
use perennial_core::money::Currency;
use perennial_core::payment::{MethodKind, Preference};
use perennial_core::product::Kind;
use perennial_core::service::RenewalMode;

use super::super::demo::{OVH, OVH_OTHER, OVH_RESELLER};
use super::{AccountRow, Facts, MethodRow, Prices, ProductRow, Rows, ServiceRow};

pub(super) const ROWS: Rows = Rows {
    accounts: &[
        AccountRow { balance: 10_000, ..account(OVH.account, "Camille Martin") },
        account(OVH_OTHER.account, "Another Customer"),
        AccountRow {
            credit_limit: 100_000,
            standing: Standing::Reseller,
            ..account(OVH_RESELLER.account, "Reseller & Sons")
        },
    ],
    products: &[
        ProductRow {
            // About a week of grace, then 35 to 40 days to have it back for a fee (OVHcloud's guides; the fee is ours).
            suspension_days: 0,
            redemption: (35, 8_000),
            ..ProductRow::new("domain-ovh", "Domain .ovh", Kind::Domain, Currency::EUR, Prices::Listed(&[("P1Y", 199)]))
        },
        ProductRow::new(
            "hosting-perso-2014",
            "Hosting Perso 2014",
            Kind::Hosting,
            Currency::EUR,
            Prices::Listed(&[("P1Y", 3588)]),
        ),
        ProductRow::new(
            "vps-value-1-2-40",
            "VPS Value 1-2-40",
            Kind::Server,
            Currency::EUR,
            Prices::Listed(&[("P1M", 599), ("P3M", 1797), ("P6M", 3414), ("P1Y", 6469)]),
        ),
    ],
    services: &[
        ServiceRow::new(12_345, OVH.account, "domain-ovh", "example.ovh", "P1Y"),
        ServiceRow {
            parent: Some(12_345),
            ..ServiceRow::new(67_890, OVH.account, "hosting-perso-2014", "example.cluster001.hosting.ovh.net", "P1Y")
        },
        ServiceRow {
            facts: VPS_FACTS,
            ..ServiceRow::new(112_233, OVH.account, "vps-value-1-2-40", "vps112233.ovh.net", "P1M")
        },
        ServiceRow::new(22_222, OVH_OTHER.account, "domain-ovh", "another.ovh", "P1Y"),
        ServiceRow::new(33_333, OVH_RESELLER.account, "vps-value-1-2-40", "vps333333.ovh.net", "P1M"),
        // What ends, unless somebody renews it: to see what is told of it, and when.
        ServiceRow {
            mode: RenewalMode::Manual,
            ..ServiceRow::new(33_334, OVH_RESELLER.account, "vps-value-1-2-40", "vps333334.ovh.net", "P1M")
        },
        ServiceRow {
            mode: RenewalMode::Manual,
            ..ServiceRow::new(33_335, OVH_RESELLER.account, "domain-ovh", "ending.ovh", "P1Y")
        },
        ServiceRow {
            mode: RenewalMode::DeleteAtExpiry,
            ..ServiceRow::new(33_336, OVH_RESELLER.account, "vps-value-1-2-40", "vps333336.ovh.net", "P1M")
        },
    ],
    methods: &[
        // OVHcloud's guide pays with PayPal 1234.
        MethodRow::new(1234, OVH.account, MethodKind::PayPal, "camille.martin@example.net"),
        MethodRow {
            preference: Preference::Other,
            ..MethodRow::new(1235, OVH.account, MethodKind::Card, "**** **** **** 4242")
        },
        MethodRow {
            preference: Preference::Other,
            ..MethodRow::new(1236, OVH.account, MethodKind::BankTransfer, "FR76 **** **** 0189")
        },
        MethodRow::new(2234, OVH_OTHER.account, MethodKind::PayPal, "another@example.net"),
        MethodRow::new(3234, OVH_RESELLER.account, MethodKind::Card, "**** **** **** 1881"),
    ],
    promos: &[],
    coupons: &[],
};

const VPS_FACTS: Facts = &[
    ("displayName", "vps112233.ovh.net"),
    ("vcore", "1"),
    ("memoryMb", "2048"),
    ("diskGb", "40"),
    ("zone", "Region OpenStack: os-gra7"),
];

const fn account(code: &'static str, name: &'static str) -> AccountRow {
    AccountRow {
        code,
        name,
        country: "FR",
        vat_number: None,
        currency: Currency::EUR,
        vat_percent: "20",
        zone: "Europe/Paris",
        credit_limit: 0,
        standing: Standing::Customer,
        facts: &[],
        balance: 0,
    }
}
