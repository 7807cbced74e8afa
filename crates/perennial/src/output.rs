//! Output: how a command shows what it found. Data goes to stdout and everything else to stderr.
//!
//! With `--json` every result is one line of JSON: a document is one line, a list is a line an item. Field names are
//! stable; amounts are `{"amount": "45.44", "currency": "EUR"}`, dates `2027-01-31`, instants RFC 3339 in UTC.

use std::io::{IsTerminal, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use jiff::Timestamp;
use perennial_core::money::Money;
use serde_json::{Value, json};

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tables, for people.
    Human,
    /// A line of JSON a result, for programs.
    Json,
}

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    alignment: CellAlignment,
}

/// A column of text.
pub const fn text(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Left }
}

/// A column of amounts or counts.
pub const fn number(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Right }
}

/// One item of a list: its cells for people, its document for programs.
#[derive(Clone, Debug)]
pub struct Row {
    /// A cell a column.
    pub cells: Vec<String>,
    /// The item as JSON.
    pub document: Value,
}

impl Output {
    /// Shows a list. For people, an empty one is said on stderr, so that stdout stays empty.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn list(self, columns: &[Column], rows: Vec<Row>, when_empty: &str) -> anyhow::Result<()> {
        match self {
            Self::Json => lines(rows.iter().map(|row| row.document.to_string())),
            Self::Human if rows.is_empty() => {
                note(when_empty);
                Ok(())
            }
            Self::Human => {
                let mut table = table();
                table.set_header(columns.iter().map(|column| column.title));
                for row in rows {
                    let aligned = columns.iter().zip(row.cells);
                    table.add_row(aligned.map(|(column, cell)| Cell::new(cell).set_alignment(column.alignment)));
                }
                for (column, shown) in columns.iter().zip(table.column_iter_mut()) {
                    shown.set_cell_alignment(column.alignment);
                }
                print_table(&table)
            }
        }
    }

    /// Shows one thing: its fields for people, its document for programs.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn document(self, fields: &[(&str, String)], document: &Value) -> anyhow::Result<()> {
        match self {
            Self::Json => lines([document.to_string()]),
            Self::Human => {
                let mut table = table();
                for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
                    table.add_row([*name, value]);
                }
                print_table(&table)
            }
        }
    }
}

/// Writes lines to stdout.
///
/// # Errors
/// When stdout cannot be written.
pub fn lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        writeln!(stdout, "{}", line.as_ref())?;
    }
    stdout.flush()?;
    Ok(())
}

/// Tells a person something on stderr.
pub fn note(line: &str) {
    // Nobody is left to hear it when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// An error and its causes in one line, without hints, for JSON and in the middle of a text.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        told.push(text.split("\nhint: ").next().unwrap_or_default().trim_end().replace('\n', " "));
    }
    // Some say what their cause says, and their cause says it again.
    told.dedup_by(|cause, error| error.ends_with(cause.as_str()));
    told.join(": ")
}

/// An amount as JSON.
pub fn money(amount: Money) -> Value {
    json!({ "amount": amount.to_decimal(), "currency": amount.currency().code() })
}

/// An instant as people read it: to the minute, in UTC.
pub fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Ruled and fitted to a terminal; bare and never broken where a program reads, or where a terminal is too narrow or
/// does not know how wide it is.
fn table() -> Table {
    const WIDTH_MIN: u16 = 60;
    let mut table = Table::new();
    let is_terminal = std::io::stdout().is_terminal();
    let rule = LineStyle::none().fill('─').junction('─');
    let style = if is_terminal { TableStyle::new().header_separator(rule) } else { TableStyle::new() };
    let fits = is_terminal && table.width().is_some_and(|width| width >= WIDTH_MIN);
    let arrangement = if fits { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
    table.load_style(style).set_content_arrangement(arrangement);
    table
}

/// Columns are two blanks apart, and nothing stands before the first or after the last.
fn print_table(table: &Table) -> anyhow::Result<()> {
    lines(table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()))
}
