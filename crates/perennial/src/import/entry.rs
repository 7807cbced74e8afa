//! Entries: what a file says, before anybody asked whether it makes sense; and forms, which ask.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::problem::{Place, Problems};

/// A table of master data. Its word heads tables in TOML and names CSV files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Table {
    /// The seller; there is one.
    Seller,
    /// Customers.
    Accounts,
    /// What services are instances of.
    Products,
    /// List prices of products.
    Prices,
    /// Promo codes.
    Promos,
    /// What is paid ahead and ends.
    Services,
    /// Registered payment methods.
    Methods,
    /// Coupons of accounts.
    Coupons,
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Seller,
        Self::Accounts,
        Self::Products,
        Self::Prices,
        Self::Promos,
        Self::Services,
        Self::Methods,
        Self::Coupons,
    ];

    /// The word for it in files and replies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Accounts => "accounts",
            Self::Products => "products",
            Self::Prices => "prices",
            Self::Promos => "promos",
            Self::Services => "services",
            Self::Methods => "methods",
            Self::Coupons => "coupons",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.word() == word)
    }

    /// The table that a file's name says: `accounts.csv`, `2027-accounts.csv`.
    pub fn of_file(file: &Path) -> Option<Self> {
        let stem = file.file_stem()?.to_str()?.to_lowercase();
        Self::from_word(stem.rsplit(['-', '_', '.', ' ']).next()?)
    }

    /// All words, for messages.
    pub fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }
}

/// What one entry of a table says, and where it begins.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which table.
    pub table: Table,
    /// Where it begins.
    pub place: Place,
    /// What it says.
    pub fields: Vec<Field>,
}

impl Entry {
    /// Where a field stands; the entry's own place where it is absent.
    pub fn place_of(&self, key: &str) -> &Place {
        self.fields.iter().find(|field| field.key == key).map_or(&self.place, |field| &field.place)
    }

    /// The code or name by which others refer to it.
    pub fn name(&self) -> Option<&str> {
        let key = if self.table == Table::Services { "name" } else { "code" };
        self.fields.iter().find(|field| field.key == key).and_then(|field| match &field.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// One key with its value.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub key: String,
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub value: Value,
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text, and what is as good as text: dates and whole numbers.
    Text(String),
    /// Yes or no.
    Boolean(bool),
    /// A number with a point, as it was written. No field takes one: it would not be exact.
    Float(String),
    /// Several values.
    List(Vec<Value>),
    /// Keys with values.
    Group(Vec<Field>),
}

/// Asks an entry for its fields, one by one, and reports what is missing, wrong, or was never asked for.
pub struct Form<'a> {
    table: Table,
    place: &'a Place,
    /// The path of a nested group, with a point at its end.
    within: String,
    fields: &'a [Field],
    asked: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Form<'a> {
    /// Asks an entry.
    pub fn of(entry: &'a Entry, problems: &'a mut Problems) -> Self {
        let Entry { table, place, fields } = entry;
        Self { table: *table, place, within: String::new(), fields, asked: Vec::new(), problems }
    }

    /// The text of a field, read by `parse`; none where the field is absent, or wrong, which is reported.
    pub fn optional<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let field = self.find(key)?;
        let parsed = match &field.value {
            Value::Text(text) => parse(text).map_err(|reason| reason.to_string()),
            other => Err(not_text(other)),
        };
        parsed.map_err(|reason| self.report(&field.place, key, reason)).ok()
    }

    /// As [`Form::optional`], and an absent field is reported.
    pub fn required<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.says(key) {
            self.report(self.place, key, "is missing".to_owned());
        }
        self.optional(key, parse)
    }

    /// A field that is yes or no.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let field = self.find(key)?;
        match &field.value {
            Value::Boolean(flag) => Some(*flag),
            // CSV knows text only.
            Value::Text(text) if text == "true" => Some(true),
            Value::Text(text) if text == "false" => Some(false),
            _ => {
                self.report(&field.place, key, "is neither `true` nor `false`".to_owned());
                None
            }
        }
    }

    /// A field that is a list of texts, each read by `parse`.
    pub fn list<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let field = self.find(key)?;
        let read = |value: &Value| match value {
            Value::Text(text) => parse(text).map_err(|reason| reason.to_string()),
            other => Err(not_text(other)),
        };
        let parsed: Result<_, _> = match &field.value {
            Value::List(values) => values.iter().map(read).collect(),
            _ => Err("is not a list".to_owned()),
        };
        parsed.map_err(|reason| self.report(&field.place, key, reason)).ok()
    }

    /// A field that is a list of codes; CSV, which knows text only, has blanks between them.
    pub fn codes(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<String, String>) -> Option<Vec<String>> {
        match self.find(key)?.value {
            Value::Text(_) => self.optional(key, |text| text.split_whitespace().map(parse).collect::<Result<_, _>>()),
            _ => self.list(key, parse),
        }
    }

    /// A field that is a list of texts, or one text, of which each says several things.
    pub fn several<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<Vec<T>, E>,
    ) -> Option<Vec<T>> {
        match self.find(key)?.value {
            Value::Text(_) => self.optional(key, parse),
            _ => Some(self.list(key, parse)?.into_iter().flatten().collect()),
        }
    }

    /// A field that is a list of groups, each asked by `ask`.
    pub fn groups<T>(&mut self, key: &'static str, ask: impl Fn(&mut Form<'_>) -> Option<T>) -> Option<Vec<T>> {
        let field = self.find(key)?;
        let groups: Option<Vec<&[Field]>> = match &field.value {
            Value::List(values) => values.iter().map(Value::as_group).collect(),
            _ => None,
        };
        let Some(groups) = groups else {
            self.report(&field.place, key, "is not a list of tables such as [{ period = \"P1M\", ... }]".to_owned());
            return None;
        };
        let mut answers = Vec::with_capacity(groups.len());
        for fields in groups {
            let place = fields.first().map_or(&field.place, |first| &first.place);
            let within = format!("{}{key}.", self.within);
            let mut form =
                Form { table: self.table, place, within, fields, asked: Vec::new(), problems: self.problems };
            answers.push(ask(&mut form));
            form.finish();
        }
        answers.into_iter().collect()
    }

    /// A field of free keys with texts: a group in TOML, columns such as `facts.zone` in CSV.
    pub fn map(&mut self, key: &'static str) -> Option<BTreeMap<String, String>> {
        let field = self.find(key)?;
        let Some(fields) = field.value.as_group() else {
            self.report(&field.place, key, "is not a table of texts such as { zone = \"a\" }".to_owned());
            return None;
        };
        let mut texts = BTreeMap::new();
        for Field { key: name, place, value } in fields {
            match value {
                Value::Text(text) => {
                    texts.insert(name.clone(), text.clone());
                }
                other => self.report(place, &format!("{key}.{name}"), not_text(other)),
            }
        }
        Some(texts)
    }

    /// Whether the field is there at all.
    pub fn says(&mut self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Where a field stands; the entry's own place where it is absent.
    pub fn place(&self, key: &str) -> Place {
        self.fields.iter().find(|field| field.key == key).map_or(self.place, |field| &field.place).clone()
    }

    /// Reports something about a field.
    pub fn report(&mut self, place: &Place, key: &str, reason: String) {
        self.problems.report(place, &format!("{}.{}{key}", self.table.word(), self.within), reason);
    }

    /// Reports what was never asked for.
    pub fn finish(mut self) {
        for field in self.fields {
            if !self.asked.contains(&field.key.as_str()) {
                let known = self.asked.join(", ");
                self.report(&field.place, &field.key, format!("is not known here (known: {known})"));
            }
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Field> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let fields: &'a [Field] = self.fields;
        fields.iter().find(|field| field.key == key)
    }
}

impl Value {
    fn as_group(&self) -> Option<&[Field]> {
        match self {
            Self::Group(fields) => Some(fields),
            _ => None,
        }
    }
}

fn not_text(value: &Value) -> String {
    match value {
        Value::Float(text) => format!("{text} is a float, which is never exact; write it in quotes: \"{text}\""),
        Value::Boolean(flag) => format!("`{flag}` is not text"),
        Value::List(_) | Value::Group(_) | Value::Text(_) => "is not a single text".to_owned(),
    }
}
