//! Signing in with a form: customer number and page password, sent along with what is asked for. Nothing is kept of it:
//! the next form asks again.

use http::StatusCode;
use perennial_core::account::Account;
use perennial_core::snapshot::Want;

use super::query::Pairs;
use super::{Shared, Stop};
use crate::web::password::Verdict;

/// What a customer sent to sign in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Customer {
    /// The customer number.
    pub code: String,
    password: String,
}

/// Why a customer is not let in, in words for the form, and the status of the page with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub status: StatusCode,
    pub words: &'static str,
}

impl Customer {
    /// Reads the form's fields.
    pub(super) fn of(pairs: &Pairs) -> Result<Self, &'static str> {
        let (code, password) = (pairs.get("account").trim().to_owned(), pairs.get("password").to_owned());
        if code.is_empty() || password.is_empty() {
            return Err("Please fill in customer number and password.");
        }
        Ok(Self { code, password })
    }

    /// Proves the customer, who must be one of `those`; anybody else's password is not even wrong. Tries are counted for
    /// the customer number, and for what else is named, such as a link.
    pub(super) async fn prove(
        self,
        shared: &Shared,
        beside: &[&str],
        those: impl FnOnce(&Account) -> bool,
    ) -> Result<Result<Account, Denied>, Stop> {
        let account = find_account(shared, &self.code)?.filter(those);
        let expected = account.as_ref().and_then(|account| account.page_password.clone());
        let tried = [&[self.code.as_str()], beside].concat();
        let verdict = shared.passwords.check(&tried, shared.clock.now(), expected, self.password).await;
        Ok(match (verdict, account) {
            (Verdict::Right, Some(account)) => Ok(account),
            (Verdict::TooMany, _) => Err(Denied {
                status: StatusCode::TOO_MANY_REQUESTS,
                words: "There were too many tries. Please wait for a quarter of an hour.",
            }),
            (Verdict::Right | Verdict::Wrong, _) => {
                Err(Denied { status: StatusCode::FORBIDDEN, words: "Customer number or password is wrong." })
            }
        })
    }
}

/// The account with a customer number.
pub(super) fn find_account(shared: &Shared, code: &str) -> Result<Option<Account>, Stop> {
    let Some(id) = shared.books.find_account(code)? else { return Ok(None) };
    Ok(shared.books.load(&[Want::Account(id)])?.accounts.remove(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_a_number_and_a_password() {
        let read = |body: &str| Customer::of(&Pairs::parse(body.as_bytes()));
        let customer = read("account=+xx11111-ovh&password=d%26mo").expect("is whole");
        assert_eq!((customer.code.as_str(), customer.password.as_str()), ("xx11111-ovh", "d&mo"));
        for body in ["", "account=a", "account=+&password=b", "account=a&password="] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
