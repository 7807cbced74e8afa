//! TOML files: any number of tables, in any order.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, Field, Table, Value};
use super::problem::{Place, Problems};

/// Reads the entries of a file.
pub fn read(text: &str, file: &Place, problems: &mut Problems) -> Vec<Entry> {
    let lines = Lines::of(text, file);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or_else(|| file.clone(), |span| lines.place(span.start));
        problems.report(&place, "", error.message().to_owned());
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut entries = Vec::new();
    for (key, value) in document.get_ref() {
        let word = key.get_ref().as_ref();
        let place = lines.place(key.span().start);
        let Some(table) = Table::from_word(word) else {
            problems.report(&place, word, format!("is not known here (known: {})", Table::words()));
            continue;
        };
        match (table, value.get_ref()) {
            (Table::Seller, DeValue::Table(fields)) => {
                entries.push(Entry { table, place, fields: lines.fields(fields) });
            }
            (Table::Seller, _) => problems.report(&place, word, "is not a table: write [seller]".to_owned()),
            (_, DeValue::Array(items)) => {
                for item in items {
                    let place = lines.place(item.span().start);
                    match item.get_ref() {
                        DeValue::Table(fields) => entries.push(Entry { table, place, fields: lines.fields(fields) }),
                        _ => problems.report(&place, word, format!("is not a table: write [[{word}]]")),
                    }
                }
            }
            _ => problems.report(&place, word, format!("is not a list of tables: write [[{word}]]")),
        }
    }
    entries
}

/// Finds the line of an offset.
struct Lines<'a> {
    file: &'a Place,
    /// Offsets at which lines end.
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &str, file: &'a Place) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { file, ends }
    }

    fn place(&self, offset: usize) -> Place {
        self.file.line(self.ends.partition_point(|end| *end < offset) + 1)
    }

    fn fields(&self, table: &DeTable<'_>) -> Vec<Field> {
        let field = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &Spanned<std::borrow::Cow<'_, str>> = key;
            Field {
                key: key.get_ref().to_string(),
                place: self.place(key.span().start),
                value: self.value(value.get_ref()),
            }
        };
        table.iter().map(field).collect()
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            // Written as 0x1F, a number keeps its prefix, and the field refuses it.
            DeValue::Integer(integer) => Value::Text(integer.to_string()),
            DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(datetime) => Value::Text(datetime.to_string()),
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.value(item.get_ref())).collect()),
            DeValue::Table(fields) => Value::Group(self.fields(fields)),
        }
    }
}
