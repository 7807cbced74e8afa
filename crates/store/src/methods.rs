//! Payment methods: how their rows are written.

use perennial_core::payment::PaymentMethod;

use crate::columns::Columns;
use crate::driver::{Driver, Must, Param, params};
use crate::session::{Session, refused};
use crate::{StoreError, rows, sql};

/// Inserts a payment method; tells its id, which is the next one where none is given.
pub(crate) fn add<D: Driver>(
    session: &Session<D>,
    doing: &'static str,
    id: Option<i64>,
    method: &PaymentMethod,
) -> Result<i64, StoreError> {
    let expires = method.expires.map(|date| date.to_string());
    let [gateway, customer, kept_as] = on_gateway(method);
    let row = params![
        id,
        method.account.0,
        method.kind.word(),
        method.label,
        method.description,
        method.status.word(),
        rows::preference_word(method.preference),
        expires,
        method.created.as_microsecond(),
        gateway,
        customer,
        kept_as,
    ];
    let id = session.row(sql::METHOD_INSERT, row, |row| Columns::of(row).take()).map_err(refused(doing))?;
    id.ok_or_else(|| StoreError::Constraint { doing, cause: "the row was not taken".into() })
}

/// Writes a payment method as it is from now on.
pub(crate) fn set<D: Driver>(
    session: &Session<D>,
    doing: &'static str,
    method: &PaymentMethod,
) -> Result<(), StoreError> {
    let expires = method.expires.map(|date| date.to_string());
    let [gateway, customer, kept_as] = on_gateway(method);
    let row = params![
        method.label,
        method.description,
        method.status.word(),
        rows::preference_word(method.preference),
        expires,
        gateway,
        customer,
        kept_as,
        method.id.0,
        method.account.0,
    ];
    Must::check(&[Must::Change], doing, session.execute(sql::METHOD_SET, row).map_err(refused(doing))?)
}

/// What the columns say of where a method is kept.
fn on_gateway(method: &PaymentMethod) -> [Param<'_>; 3] {
    let kept = method.on_gateway.as_ref();
    [
        Param::Text(kept.map(|kept| kept.gateway.as_str())),
        Param::Text(kept.map(|kept| kept.customer.as_str())),
        Param::Text(kept.map(|kept| kept.method.as_str())),
    ]
}
