//! Pages of a list of which some rows are stored and others are made when it is read.

use sidetone_core::event::CallEvent;
use sidetone_core::id::EventKey;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};

/// The row key of a row that is made: stored ones have positions from 1, so it is before those of
/// the same time.
#[must_use]
pub fn row_key_of_made(at: TimeUs, name: &str) -> RowKey {
    let key = EventKey::of(name);
    let (first, _) = key.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
    RowKey {
        key: at.micros(),
        id: i64::from_be_bytes(*first) | i64::MIN,
    }
}

/// Events that are made, with their row keys.
pub fn with_row_keys(made: Vec<CallEvent>) -> impl Iterator<Item = (RowKey, CallEvent)> {
    let made = made.into_iter();
    made.map(|event| (row_key_of_made(event.at, event.id.as_str()), event))
}

/// Rows looked at together while some are left out.
const CHUNK: usize = 1_000;

/// The page of rows that are stored, which `read` reads, and of all that are made, in any order.
/// Rows that are left out are left out of both together.
///
/// # Errors
/// As `read`'s.
pub async fn read<T, E, R: Future<Output = Result<Page<(RowKey, T)>, E>>>(
    made: Vec<(RowKey, T)>,
    request: &PageRequest,
    read: impl Fn(PageRequest) -> R,
) -> Result<Page<(RowKey, T)>, E> {
    let mut request = *request;
    if let Start::First { skip: skip @ 1.. } = request.start {
        let row_keys: Vec<RowKey> = made.iter().map(|(row_key, _)| *row_key).collect();
        match row_key_of(skip, &row_keys, &read).await? {
            Some(row_key) => request.start = Start::After(row_key),
            None => {
                return Ok(Page::default());
            }
        }
    }
    Ok(page(read(request).await?, made, &request))
}

/// The row key of the last of so many rows. `None`: there are fewer.
async fn row_key_of<T, E, R: Future<Output = Result<Page<(RowKey, T)>, E>>>(
    rows: u64,
    made: &[RowKey],
    read: impl Fn(PageRequest) -> R,
) -> Result<Option<RowKey>, E> {
    let mut left = rows;
    let mut request = PageRequest {
        start: Start::First { skip: 0 },
        size: CHUNK,
    };
    loop {
        let stored = read(request).await?;
        let stored = Page {
            rows: stored
                .rows
                .iter()
                .map(|(row_key, _)| (*row_key, ()))
                .collect(),
            before: stored.before,
            after: stored.after,
            ..Page::default()
        };
        let chunk = page(stored, made.iter().map(|row_key| (*row_key, ())), &request);
        let nth = usize::try_from(left - 1).unwrap_or(usize::MAX);
        if let Some((row_key, ())) = chunk.rows.get(nth) {
            return Ok(Some(*row_key));
        }
        left -= chunk.rows.len() as u64;
        match chunk.after {
            Some(row_key) => request.start = Start::After(row_key),
            None => return Ok(None),
        }
    }
}

/// The page of both, neither of which leaves rows out.
fn page<T>(
    stored: Page<(RowKey, T)>,
    made: impl IntoIterator<Item = (RowKey, T)>,
    request: &PageRequest,
) -> Page<(RowKey, T)> {
    // Stored rows that were not read, because they are many or large, stand before those made
    // beyond them.
    let is_within = |row_key: RowKey| match request.start {
        Start::First { .. } => stored.after.is_none_or(|last| row_key <= last),
        Start::After(from) => row_key > from && stored.after.is_none_or(|last| row_key <= last),
        Start::Before(from) => row_key < from && stored.before.is_none_or(|first| row_key >= first),
    };
    let mut rows = stored.rows;
    rows.extend(made.into_iter().filter(|(row_key, _)| is_within(*row_key)));
    rows.sort_by_key(|(row_key, _)| *row_key);
    let is_cut = rows.len() > request.size;
    // The row that a token names is on the other side.
    let (before, after) = match request.start {
        Start::First { .. } => (false, is_cut || stored.after.is_some()),
        Start::After(_) => (true, is_cut || stored.after.is_some()),
        Start::Before(_) => {
            rows.drain(..rows.len().saturating_sub(request.size));
            (is_cut || stored.before.is_some(), true)
        }
    };
    rows.truncate(request.size);
    let row_key = |row: Option<&(RowKey, T)>| row.map(|(row_key, _)| *row_key);
    Page {
        before: row_key(rows.first()).filter(|_| before),
        after: row_key(rows.last()).filter(|_| after),
        rows,
        damaged: stored.damaged,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const fn at(key: i64) -> RowKey {
        RowKey { key, id: 0 }
    }

    /// Even rows are stored, of which at most so many are read at once, and odd ones are made: 0 to
    /// 9.
    async fn ask(request: PageRequest, most: usize) -> Page<(RowKey, i64)> {
        let stored = async |asked: PageRequest| -> Result<_, Infallible> {
            let all = || (0..10).step_by(2).map(|key| (at(key), key));
            let mut stored: Vec<_> = match asked.start {
                Start::First { .. } => all().collect(),
                Start::After(from) => all().filter(|(row_key, _)| *row_key > from).collect(),
                Start::Before(from) => all().filter(|(row_key, _)| *row_key < from).collect(),
            };
            let size = asked.size.min(most);
            let is_cut = stored.len() > size;
            let is_before = matches!(asked.start, Start::Before(_));
            if is_before {
                stored.drain(..stored.len().saturating_sub(size));
            }
            stored.truncate(size);
            let first = stored.first().map(|it| it.0);
            let last = stored.last().map(|it| it.0);
            Ok(Page {
                before: first.filter(|_| is_cut && is_before),
                after: last.filter(|_| is_cut && !is_before),
                rows: stored,
                damaged: Vec::new(),
            })
        };
        let made = (1..10).step_by(2).map(|key| (at(key), key));
        let Ok(page) = read(made.collect(), &request, stored).await;
        page
    }

    fn keys(page: &Page<(RowKey, i64)>) -> Vec<i64> {
        page.rows.iter().map(|(_, key)| *key).collect()
    }

    #[tokio::test]
    async fn pages_of_any_size_meet_both_ways() {
        for (size, most) in (1..=11).flat_map(|size| [(size, 99), (size, 1), (size, 2)]) {
            let mut seen = Vec::new();
            let mut start = Start::First { skip: 0 };
            let last = loop {
                let page = ask(PageRequest { start, size }, most).await;
                seen.extend(keys(&page));
                match page.after {
                    Some(row_key) => start = Start::After(row_key),
                    None => break page,
                }
            };
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "{size} {most}");
            let mut seen = keys(&last);
            let mut before = last.before;
            while let Some(row_key) = before {
                let start = Start::Before(row_key);
                let page = ask(PageRequest { start, size }, most).await;
                seen.splice(0..0, keys(&page));
                before = page.before;
            }
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "{size} {most}");
        }
    }

    #[tokio::test]
    async fn rows_are_left_out_of_both_together() {
        for most in [1, 2, 99] {
            let leaving_out = async |skip| {
                let start = Start::First { skip };
                keys(&ask(PageRequest { start, size: 3 }, most).await)
            };
            assert_eq!(leaving_out(4).await[0], 5 - 1, "{most}");
            assert_eq!(leaving_out(8).await, [8, 9], "{most}");
            assert_eq!(leaving_out(99).await, [0; 0], "{most}");
        }
    }
}
