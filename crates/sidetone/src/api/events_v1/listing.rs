//! Pages of the lists here, most of which are short.

use sidetone_store::page::{Page, PageRequest, RowKey, Start};

/// Rows of a page unless said otherwise.
pub(super) const PAGE_SIZE: u64 = 50;

/// The part of a short list that a page is. `key`: the row's own, by which the list is ordered.
pub(super) fn part<T>(all: Vec<T>, wanted: &PageRequest, key: impl Fn(&T) -> i64) -> Page<T> {
    let count = all.len();
    let first_from = |from: i64| all.iter().take_while(|row| key(row) < from).count();
    let (begin, end) = match wanted.start {
        Start::First { skip } => {
            let begin = usize::try_from(skip).unwrap_or(count).min(count);
            (begin, begin.saturating_add(wanted.size))
        }
        Start::After(row) => {
            let begin = first_from(row.key.saturating_add(1));
            (begin, begin.saturating_add(wanted.size))
        }
        Start::Before(row) => {
            let end = first_from(row.key);
            (end.saturating_sub(wanted.size), end)
        }
    };
    let end = end.min(count);
    let row_key = |row: &T| RowKey {
        key: key(row),
        id: 0,
    };
    let rows = all.get(begin..end).unwrap_or_default();
    let before = rows.first().filter(|_| begin > 0).map(row_key);
    let after = rows.last().filter(|_| end < count).map(row_key);
    Page {
        rows: all.into_iter().take(end).skip(begin).collect(),
        before,
        after,
        damaged: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_has_pages_forth_and_back() {
        let all = || vec![1, 2, 4, 7, 8];
        let page = |start| part(all(), &PageRequest { start, size: 2 }, |row| *row);
        let key = |key| RowKey { key, id: 0 };
        let first = page(Start::First { skip: 0 });
        assert_eq!((first.rows, first.before), (vec![1, 2], None));
        let next = page(Start::After(first.after.unwrap()));
        assert_eq!((&*next.rows, next.before), (&[4, 7][..], Some(key(4))));
        let last = page(Start::After(next.after.unwrap()));
        assert_eq!((last.rows, last.after), (vec![8], None));
        let back = page(Start::Before(key(4)));
        assert_eq!((back.rows, back.after), (vec![1, 2], Some(key(2))));
        // What it went on from is gone: nothing is left out.
        assert_eq!(page(Start::After(key(3))).rows, [4, 7]);
        assert_eq!(page(Start::First { skip: 4 }).rows, [8]);
        assert_eq!(page(Start::First { skip: 9 }).rows, [0; 0]);
    }
}
