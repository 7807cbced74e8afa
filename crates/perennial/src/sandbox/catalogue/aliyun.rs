//! What is rehearsed with Alibaba Cloud's API: a subscription, a pay-as-you-go instance and a locked one, a server of
//! another of its products, and another customer's instance.

use perennial_core::account::Standing;
use perennial_core::money::Currency;
use perennial_core::product::{Kind, Renewability};
use perennial_core::service::Hold;

use super::super::demo::{ALIYUN, ALIYUN_OTHER};
use super::{AccountRow, CouponRow, Facts, Prices, ProductRow, Rows, ServiceRow};

pub(super) const ROWS: Rows = Rows {
    accounts: &[AccountRow { credit_limit: 500_000, ..account(ALIYUN, "Li Wei") }, account(ALIYUN_OTHER, "Zhang Min")],
    products: &[
        instance("ecs.g6.large", "ECS g6.large, subscription", SUBSCRIPTION),
        ProductRow {
            renewability: Renewability::OneShot,
            ..instance("ecs.g6.large-payg", "ECS g6.large, pay as you go", &[])
        },
        // What ECS does not renew, and the billing API does.
        ProductRow {
            facts: &[("product_code", "swas"), ("vcpus", "2"), ("memory", "2")],
            ..ProductRow::new(
                "swas.s.c2m2s50b3",
                "Simple Application Server 2-2-50",
                Kind::Server,
                Currency::CNY,
                Prices::Listed(SIMPLE_SERVER),
            )
        },
    ],
    services: &[
        ServiceRow {
            display_name: Some("web-1"),
            facts: &[
                ("region", "cn-hangzhou"),
                ("zone", "cn-hangzhou-h"),
                ("image", "aliyun_3_x64_20G_alibase_20250117.vhd"),
                ("host_name", "web-1"),
                ("tag:team", "shop"),
                ("tag:env", "production"),
            ],
            ..ServiceRow::new(6001, ALIYUN, "ecs.g6.large", "i-bp67acfmxazb4p0001", "P1M")
        },
        ServiceRow {
            display_name: Some("worker-1"),
            expires_in_days: NEVER_DAYS,
            facts: &[
                ("region", "cn-hangzhou"),
                ("zone", "cn-hangzhou-h"),
                ("image", "aliyun_3_x64_20G_alibase_20250117.vhd"),
                ("host_name", "worker-1"),
                ("tag:team", "shop"),
            ],
            ..ServiceRow::new(6002, ALIYUN, "ecs.g6.large-payg", "i-bp67acfmxazb4p0002", "P1M")
        },
        ServiceRow {
            display_name: Some("mail-1"),
            hold: Hold::Locked,
            facts: &[
                ("region", "cn-hangzhou"),
                ("zone", "cn-hangzhou-h"),
                ("image", "debian_12_8_x64_20G_alibase_20241223.vhd"),
                ("host_name", "mail-1"),
            ],
            ..ServiceRow::new(6003, ALIYUN, "ecs.g6.large", "i-bp67acfmxazb4p0003", "P1M")
        },
        ServiceRow {
            display_name: Some("blog"),
            facts: &[("region", "cn-hangzhou")],
            ..ServiceRow::new(6004, ALIYUN, "swas.s.c2m2s50b3", "2ad1ae67295445f598017499dc891234", "P1M")
        },
        ServiceRow {
            display_name: Some("db-1"),
            facts: &[
                ("region", "cn-hangzhou"),
                ("zone", "cn-hangzhou-h"),
                ("image", "debian_12_8_x64_20G_alibase_20241223.vhd"),
                ("host_name", "db-1"),
            ],
            ..ServiceRow::new(6101, ALIYUN_OTHER, "ecs.g6.large", "i-bp67acfmxazb4p0101", "P1M")
        },
    ],
    methods: &[],
    promos: &[],
    coupons: &[CouponRow { id: 1, account: ALIYUN, currency: Currency::CNY, minor: 5_000 }],
};

/// So far ahead that what is not paid ahead never expires.
const NEVER_DAYS: i32 = 365 * 1_000;

const SUBSCRIPTION: &[(&str, i64)] = &[
    ("P1W", 6000),
    ("P2W", 12_000),
    ("P3W", 18_000),
    ("P4W", 24_000),
    ("P1M", 24_000),
    ("P2M", 48_000),
    ("P3M", 72_000),
    ("P4M", 96_000),
    ("P5M", 120_000),
    ("P6M", 144_000),
    ("P7M", 168_000),
    ("P8M", 192_000),
    ("P9M", 216_000),
    ("P1Y", 244_800),
    ("P2Y", 403_200),
    ("P3Y", 432_000),
    ("P4Y", 576_000),
    ("P5Y", 720_000),
];

const SIMPLE_SERVER: &[(&str, i64)] = &[
    ("P1M", 6_000),
    ("P2M", 12_000),
    ("P3M", 18_000),
    ("P6M", 36_000),
    ("P1Y", 72_000),
    ("P2Y", 144_000),
    ("P3Y", 216_000),
];

const INSTANCE_FACTS: Facts = &[("instance_type", "ecs.g6.large"), ("vcpus", "2"), ("memory", "8")];

const fn account(code: &'static str, name: &'static str) -> AccountRow {
    AccountRow {
        code,
        name,
        country: "CN",
        vat_number: None,
        currency: Currency::CNY,
        vat_percent: "0",
        zone: "Asia/Shanghai",
        credit_limit: 0,
        standing: Standing::Customer,
        facts: &[],
        balance: 0,
    }
}

const fn instance(code: &'static str, name: &'static str, prices: &'static [(&'static str, i64)]) -> ProductRow {
    let product = ProductRow::new(code, name, Kind::Instance, Currency::CNY, Prices::Listed(prices));
    // It stops at its end, and is kept for fifteen days.
    ProductRow { facts: INSTANCE_FACTS, grace_days: 0, suspension_days: 15, ..product }
}
