//! Keyset paging: a page continues from a place in the order, not from a count.

/// A place in the order of a list: the sort key and the identity of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
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
    /// Right after a place.
    After(Place),
    /// So that it ends right before a place. Fewer rows than asked for: the list begins with this page.
    Before(Place),
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
    /// Place of the first row, when there are rows before this page.
    pub before: Option<Place>,
    /// Place of the last row, when there are rows after this page.
    pub after: Option<Place>,
    /// Rows that belong here and cannot be read: what is wrong with each. The places count them.
    pub damaged: Vec<String>,
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
