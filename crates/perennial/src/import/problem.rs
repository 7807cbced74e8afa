//! What is wrong with the input, and where.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    file: Arc<str>,
    /// From 1; zero for the file as a whole.
    line: usize,
}

impl Place {
    /// The file as a whole.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_string_lossy().into(), line: 0 }
    }

    /// A line of the same file, from 1.
    pub fn line(&self, line: usize) -> Self {
        Self { file: Arc::clone(&self.file), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The field, such as `accounts.currency`; empty where no field is to blame.
    pub field: String,
    /// Why, and how to mend it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.place, self.reason),
            field => write!(f, "{}: {field}: {}", self.place, self.reason),
        }
    }
}

/// Everything that is wrong.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn report(&mut self, place: &Place, field: &str, reason: String) {
        self.0.push(Problem { place: place.clone(), field: field.to_owned(), reason });
    }

    /// The value, if nothing is wrong.
    ///
    /// # Errors
    /// The problems, by file and line.
    pub fn none_or<T>(mut self, value: T) -> Result<T, Self> {
        self.0.sort_by(|one, other| one.place.cmp(&other.place));
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the input has a problem, so nothing was written")?,
            count => write!(f, "the input has {count} problems, so nothing was written")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl std::error::Error for Problems {}
