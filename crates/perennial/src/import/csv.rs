//! CSV files: one table a file, a line an entry, named by the first line. An empty cell says nothing.

use super::entry::{Entry, Field, Table, Value};
use super::problem::{Place, Problems};

/// Reads the entries of a file.
pub fn read(text: &str, file: &Place, table: Table, problems: &mut Problems) -> Vec<Entry> {
    // Spreadsheets write a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let titles = match reader.headers() {
        Ok(titles) => titles.clone(),
        Err(error) => {
            problems.report(&file.line(1), "", error.to_string());
            return Vec::new();
        }
    };
    for (index, title) in titles.iter().enumerate() {
        if titles.iter().take(index).any(|earlier| earlier == title) {
            problems.report(&file.line(1), &format!("{}.{title}", table.word()), "is a column twice".to_owned());
        }
    }
    let mut entries = Vec::new();
    for row in reader.records() {
        match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                let place = file.line(usize::try_from(line).unwrap_or(usize::MAX));
                let fields = fields(&titles, &row, &place);
                entries.push(Entry { table, place, fields });
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.report(&file.line(usize::try_from(line).unwrap_or(usize::MAX)), "", reason(&error));
            }
        }
    }
    entries
}

/// Columns such as `facts.zone` make one group, `facts`.
fn fields(titles: &csv::StringRecord, row: &csv::StringRecord, place: &Place) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for (title, cell) in titles.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
        let field =
            |key: &str| Field { key: key.to_owned(), place: place.clone(), value: Value::Text(cell.to_owned()) };
        let Some((group, key)) = title.split_once('.') else {
            fields.push(field(title));
            continue;
        };
        match fields.iter_mut().find(|field| field.key == group) {
            Some(Field { value: Value::Group(within), .. }) => within.push(field(key)),
            _ => fields.push(Field { value: Value::Group(vec![field(key)]), ..field(group) }),
        }
    }
    fields
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells where the first line has {expected_len}")
        }
        _ => error.to_string(),
    }
}
