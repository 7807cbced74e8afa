//! The columns of a row, read from left to right as what they stand for.

use std::error::Error;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::TaxTreatment;
use perennial_core::calendar::{AnchorDay, Period, Term, parse_date};
use perennial_core::money::{Currency, Money, Rate};

use crate::driver::{Cell, DriverError, Result, Row};
use crate::lines;

/// The columns of a row, in the order in which the statement names them.
pub(crate) struct Columns<'row, R> {
    row: &'row R,
    next: usize,
}

/// What a column can be read as.
pub(crate) trait Field<'row>: Sized {
    /// Reads it; none, where the column holds something else.
    fn read(cell: Cell<'row>) -> Option<Self>;
}

impl<'row, R: Row> Columns<'row, R> {
    pub(crate) fn of(row: &'row R) -> Self {
        Self { row, next: 0 }
    }

    /// The next column as it is.
    #[inline]
    pub(crate) fn take<T: Field<'row>>(&mut self) -> Result<T> {
        let cell = self.row.cell(self.next)?;
        self.next += 1;
        T::read(cell).ok_or_else(|| self.misplaced(cell))
    }

    /// The next column's text, read as something of the domain.
    pub(crate) fn parse<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text = self.take()?;
        read(text).ok_or_else(|| self.unknown(text))
    }

    pub(crate) fn parse_opt<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(text) = self.take()? else { return Ok(None) };
        read(text).ok_or_else(|| self.unknown(text)).map(Some)
    }

    pub(crate) fn instant(&mut self) -> Result<Timestamp> {
        let micros = self.take()?;
        Timestamp::from_microsecond(micros).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn instant_opt(&mut self) -> Result<Option<Timestamp>> {
        let micros: Option<i64> = self.take()?;
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|error| self.unreadable(error))).transpose()
    }

    pub(crate) fn date(&mut self) -> Result<Date> {
        self.parse(|text| parse_date(text).ok())
    }

    pub(crate) fn date_opt(&mut self) -> Result<Option<Date>> {
        self.parse_opt(|text| parse_date(text).ok())
    }

    pub(crate) fn period(&mut self) -> Result<Period> {
        self.parse(|text| Period::parse(text).ok())
    }

    pub(crate) fn currency(&mut self) -> Result<Currency> {
        self.parse(|code| Currency::parse(code).ok())
    }

    pub(crate) fn anchor(&mut self) -> Result<AnchorDay> {
        let day = self.take()?;
        AnchorDay::new(day).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn anchor_opt(&mut self) -> Result<Option<AnchorDay>> {
        let day: Option<i8> = self.take()?;
        day.map(|day| AnchorDay::new(day).map_err(|error| self.unreadable(error))).transpose()
    }

    pub(crate) fn money(&mut self, currency: Currency) -> Result<Money> {
        Ok(Money::new(self.take()?, currency))
    }

    /// An amount whose currency is in the column after it.
    pub(crate) fn money_and_currency(&mut self) -> Result<Money> {
        let minor = self.take()?;
        Ok(Money::new(minor, self.currency()?))
    }

    /// The same, where there may be none.
    pub(crate) fn money_and_currency_opt(&mut self) -> Result<Option<Money>> {
        let minor: Option<i64> = self.take()?;
        let currency = self.parse_opt(|code| Currency::parse(code).ok())?;
        Ok(minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)))
    }

    /// A tax treatment, whose rate is in the column after it.
    pub(crate) fn tax(&mut self) -> Result<TaxTreatment> {
        let (word, ppm) = (self.take()?, self.take()?);
        TaxTreatment::from_word(word, Rate::from_ppm(ppm)).ok_or_else(|| self.unknown(word))
    }

    pub(crate) fn term(&mut self) -> Result<Term> {
        let (from, until) = (self.date()?, self.date()?);
        Term::new(from, until).map_err(|error| self.unreadable(error))
    }

    /// A list of texts.
    pub(crate) fn single_lines<C: FromIterator<String>>(&mut self) -> Result<C> {
        Ok(single_lines(self.take()?))
    }

    /// The same, where there may be none.
    pub(crate) fn single_lines_opt<C: FromIterator<String>>(&mut self) -> Result<Option<C>> {
        Ok(self.take::<Option<&str>>()?.map(single_lines))
    }

    /// Says that the column that was read last holds what cannot be there.
    #[cold]
    fn misplaced(&self, cell: Cell<'_>) -> DriverError {
        // What it holds may be a secret.
        let kind = match cell {
            Cell::Null => "a null",
            Cell::Int(_) => "this integer",
            Cell::Text(_) => "a text",
            Cell::Bytes(_) => "this string of bytes",
        };
        self.unreadable(format!("{kind} does not belong there"))
    }

    /// Says that among the columns that were read is a text that stands for nothing.
    pub(crate) fn unknown(&self, text: &str) -> DriverError {
        self.unreadable(format!("nothing is called `{text}`"))
    }

    /// Says why what was read so far makes no sense.
    pub(crate) fn unreadable(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> DriverError {
        DriverError::Failed(Unreadable { column: self.next, cause: cause.into() }.into())
    }
}

fn single_lines<C: FromIterator<String>>(text: &str) -> C {
    lines::parse(text).map(|fields| fields.into_iter().next().unwrap_or_default()).collect()
}

/// The database holds what this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("could not read a row as far as column {column}")]
struct Unreadable {
    /// Which one; the first one is 1.
    column: usize,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl<'row, T: Field<'row>> Field<'row> for Option<T> {
    fn read(cell: Cell<'row>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            held => T::read(held).map(Some),
        }
    }
}

/// Numbers are read if they fit.
macro_rules! int_fields {
    ($($int:ty)*) => {
        $(impl Field<'_> for $int {
            fn read(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    Cell::Int(int) => int.try_into().ok(),
                    _ => None,
                }
            }
        })*
    };
}

int_fields! { i64 u64 u32 u16 u8 i8 }

impl Field<'_> for bool {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell).map(|int| int != 0)
    }
}

impl<'row> Field<'row> for &'row str {
    fn read(cell: Cell<'row>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Field<'_> for String {
    fn read(cell: Cell<'_>) -> Option<Self> {
        <&str>::read(cell).map(ToOwned::to_owned)
    }
}

impl<'row> Field<'row> for &'row [u8] {
    fn read(cell: Cell<'row>) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Field<'_> for Vec<u8> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        <&[u8]>::read(cell).map(<[u8]>::to_vec)
    }
}

impl Field<'_> for [u8; 32] {
    fn read(cell: Cell<'_>) -> Option<Self> {
        <&[u8]>::read(cell)?.try_into().ok()
    }
}
