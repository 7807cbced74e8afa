//! What a table comes to: so many rows, and a digest of all of them.

use sha2::{Digest, Sha256};

use crate::driver::Cell;

/// The number of a table's rows, and the sum of their digests. Each row has its key in it, so no two are the same; in
/// which order they are read makes no difference, and so nobody has to sort them.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    lanes: [u64; 4],
    /// The row that is being added, one cell after the other: kept, so that it is not allocated for each row.
    row: Vec<u8>,
}

impl Sum {
    /// Adds a row.
    pub(crate) fn add(&mut self, cells: &[Cell<'_>]) {
        self.row.clear();
        for cell in cells {
            match *cell {
                Cell::Null => self.row.push(0),
                Cell::Int(int) => {
                    self.row.push(1);
                    self.row.extend(int.to_le_bytes());
                }
                Cell::Text(text) => self.add_bytes(2, text.as_bytes()),
                Cell::Bytes(bytes) => self.add_bytes(3, bytes),
            }
        }
        let digest: [u8; 32] = Sha256::digest(&self.row).into();
        for (lane, bytes) in self.lanes.iter_mut().zip(digest.as_chunks().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*bytes));
        }
        self.rows += 1;
    }

    /// Whether these are the rows of another sum.
    pub(crate) fn is_of_the_rows_of(&self, other: &Self) -> bool {
        self.rows == other.rows && self.lanes == other.lanes
    }

    /// With its length, so that no two rows are the same text in another division.
    fn add_bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.row.push(kind);
        self.row.extend(bytes.len().to_le_bytes());
        self.row.extend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Cell<'_>]]) -> Sum {
        let mut sum = Sum::default();
        for row in rows {
            sum.add(row);
        }
        sum
    }

    #[test]
    fn rows_in_another_order_come_to_the_same_and_nothing_else_does() {
        let (one, two) = ([Cell::Int(1), Cell::Text("ab"), Cell::Text("c")], [Cell::Int(2), Cell::Null, Cell::Null]);
        let both = sum(&[&one, &two]);
        assert!(both.is_of_the_rows_of(&sum(&[&two, &one])));
        for other in [
            sum(&[&one]),
            sum(&[&one, &one]),
            sum(&[&[Cell::Int(1), Cell::Text("a"), Cell::Text("bc")], &two]),
            sum(&[&[Cell::Int(1), Cell::Bytes(b"ab"), Cell::Text("c")], &two]),
            sum(&[&[Cell::Int(2), Cell::Text("ab"), Cell::Text("c")], &[Cell::Int(1), Cell::Null, Cell::Null]]),
            sum(&[&one, &[Cell::Int(2), Cell::Text(""), Cell::Null]]),
        ] {
            assert!(!both.is_of_the_rows_of(&other), "{other:?}");
        }
    }
}
