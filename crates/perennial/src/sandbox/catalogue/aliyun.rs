//! What will be rehearsed with Alibaba Cloud's API: a subscription, a pay-as-you-go instance and a locked one.

use perennial_core::account::Standing;
use perennial_core::money::Currency;
use perennial_core::product::{Kind, Renewability};
use perennial_core::service::Hold;

use super::{AccountRow, CouponRow, Prices, ProductRow, Rows, ServiceRow};

const ALIYUN: &str = "demo-aliyun";

pub(super) const ROWS: Rows = Rows {
    accounts: &[AccountRow {
        code: ALIYUN,
        name: "Li Wei",
        country: "CN",
        vat_number: None,
        currency: Currency::CNY,
        vat_percent: "0",
        zone: "Asia/Shanghai",
        credit_limit: 500_000,
        standing: Standing::Customer,
        facts: &[],
        balance: 0,
    }],
    products: &[
        ProductRow {
            renewability: Renewability::Stacking,
            ..instance("ecs.g6.large", "ECS g6.large, subscription", SUBSCRIPTION)
        },
        ProductRow {
            renewability: Renewability::OneShot,
            ..instance("ecs.g6.large-payg", "ECS g6.large, pay as you go", &[])
        },
    ],
    services: &[
        ServiceRow::new(6001, ALIYUN, "ecs.g6.large", "i-bp67acfmxazb4p0001", "P1M"),
        ServiceRow::new(6002, ALIYUN, "ecs.g6.large-payg", "i-bp67acfmxazb4p0002", "P1M"),
        ServiceRow {
            hold: Hold::Locked,
            ..ServiceRow::new(6003, ALIYUN, "ecs.g6.large", "i-bp67acfmxazb4p0003", "P1M")
        },
    ],
    methods: &[],
    promos: &[],
    coupons: &[CouponRow { id: 1, account: ALIYUN, currency: Currency::CNY, minor: 5_000 }],
};

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

const fn instance(code: &'static str, name: &'static str, prices: &'static [(&'static str, i64)]) -> ProductRow {
    ProductRow::new(code, name, Kind::Instance, Currency::CNY, Prices::Listed(prices))
}
