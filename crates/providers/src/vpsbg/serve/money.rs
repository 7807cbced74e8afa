//! Amounts as this API shows them: without VAT, and with it.
//!
//! The API's balance is without VAT (documented samples: 50 paid in is 41.67). The ledger's balance is money as it was
//! paid in, so it is shown with the VAT taken out: spending it on an order without VAT of 27 takes 27 from what is
//! shown. Rounding is half-up, on what is shown alone.

use perennial_core::account::Account;
use perennial_core::money::{Money, Rate};

use crate::common::amount::Amount;
use crate::vpsbg::wire::error::Failure;

/// An amount without VAT, as the wire has it.
pub(super) const fn net(money: Money) -> Amount {
    Amount(money)
}

/// An amount without VAT, with its VAT added.
pub(super) fn with_vat(account: &Account, net: Money) -> Result<Amount, Failure> {
    let tax = net.share_half_up(account.tax.rate()).map_err(|_| Failure::server_error())?;
    net.plus(tax).map(Amount).map_err(|_| Failure::server_error())
}

/// An amount with VAT, with the VAT taken out.
pub(super) fn without_vat(rate: Rate, gross: Money) -> Result<Amount, Failure> {
    let whole = Rate::WHOLE_PPM + rate.ppm();
    gross.parts_half_up(Rate::WHOLE_PPM, whole).map(Amount).map_err(|_| Failure::server_error())
}

#[cfg(test)]
mod tests {
    use perennial_core::account::{Standing, TaxTreatment};
    use perennial_core::calendar::Zone;
    use perennial_core::ids::AccountId;
    use perennial_core::money::Currency;

    use super::*;

    #[test]
    fn the_samples_of_the_documentation_come_out() {
        let account = Account {
            id: AccountId(1),
            code: "a".to_owned(),
            name: String::new(),
            email: String::new(),
            country: "BG".to_owned(),
            vat_number: None,
            currency: Currency::EUR,
            tax: TaxTreatment::Standard(Rate::from_ppm(200_000)),
            zone: Zone::UTC,
            credit_limit: Money::zero(Currency::EUR),
            standing: Standing::Customer,
            page_password: None,
            joint_orders: false,
            align_day: None,
            facts: std::collections::BTreeMap::new(),
            created: jiff::Timestamp::UNIX_EPOCH,
        };
        let eur = |minor| Money::new(minor, Currency::EUR);
        for (without, with) in [(28_183, "338.2"), (7_500, "90"), (10_500, "126"), (1_183, "14.2")] {
            assert_eq!(with_vat(&account, eur(without)).expect("fits").text(), with);
        }
        assert_eq!(without_vat(account.tax.rate(), eur(5_000)).expect("fits").text(), "41.67");
        assert_eq!(without_vat(account.tax.rate(), eur(0)).expect("fits").text(), "0");
    }
}
