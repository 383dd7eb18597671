//! Keyset paging: a page continues from a row key in the order, not from a count.

/// Where a row is in the order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// The sort key.
    pub key: i64,
    /// Decides between rows of the same key.
    pub id: i64,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the beginning of the list, after some rows (0 as a rule).
    First {
        /// Rows to leave out.
        skip: u64,
    },
    /// Right after a row key.
    After(RowKey),
    /// So that it ends right before a row key. Fewer rows than asked for: the list begins with this
    /// page.
    Before(RowKey),
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins.
    pub start: Start,
    /// At most so many rows, from 1.
    pub size: usize,
}

/// Part of a list, in the list's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Row key of the first row, when there are rows before this page.
    pub before: Option<RowKey>,
    /// Row key of the last row, when there are rows after this page.
    pub after: Option<RowKey>,
    /// Rows that belong here and cannot be read: what is wrong with each. The row keys count them.
    pub damaged: Vec<String>,
}

impl<T> Page<T> {
    /// The same page with each row made something else.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(make).collect(),
            before: self.before,
            after: self.after,
            damaged: self.damaged,
        }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            before: None,
            after: None,
            damaged: Vec::new(),
        }
    }
}
