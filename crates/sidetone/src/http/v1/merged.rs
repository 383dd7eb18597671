//! Pages of a list of which some rows are stored and others are made when it is read.

use sidetone_core::event::CallEvent;
use sidetone_core::id::EventKey;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, Place, Start};

/// The place of a row that is made: stored ones have positions from 1, so it is before those of the same time.
#[must_use]
pub fn place_of_made(at: TimeUs, name: &str) -> Place {
    let key = EventKey::of(name);
    let (first, _) = key.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
    Place {
        key: at.micros(),
        id: i64::from_be_bytes(*first) | i64::MIN,
    }
}

/// Events that are made, with their places.
pub fn with_places(made: Vec<CallEvent>) -> impl Iterator<Item = (Place, CallEvent)> {
    let made = made.into_iter();
    made.map(|event| (place_of_made(event.at, event.id.as_str()), event))
}

/// What is asked of the store for a page: rows that are left out are left out of both together.
#[must_use]
pub const fn of_stored(request: &PageRequest) -> PageRequest {
    match request.start {
        Start::First { skip } => PageRequest {
            start: Start::First { skip: 0 },
            size: request.size.saturating_add(as_size(skip)),
        },
        Start::After(_) | Start::Before(_) => *request,
    }
}

/// The page of both: what [`of_stored`] got, and every row that is made, in any order.
#[must_use]
pub fn page<T>(
    stored: Page<(Place, T)>,
    made: impl IntoIterator<Item = (Place, T)>,
    request: &PageRequest,
) -> Page<(Place, T)> {
    let is_beyond = |place: Place| match request.start {
        Start::First { .. } => true,
        Start::After(from) => place > from,
        Start::Before(from) => place < from,
    };
    let mut rows = stored.rows;
    rows.extend(made.into_iter().filter(|(place, _)| is_beyond(*place)));
    rows.sort_by_key(|(place, _)| *place);
    // The row that a token names is on the other side.
    let (before, after) = match request.start {
        Start::First { skip } => {
            rows.drain(..as_size(skip).min(rows.len()));
            (
                skip > 0,
                rows.len() > request.size || stored.after.is_some(),
            )
        }
        Start::After(_) => (true, rows.len() > request.size || stored.after.is_some()),
        Start::Before(_) => {
            let before = rows.len() > request.size || stored.before.is_some();
            rows.drain(..rows.len().saturating_sub(request.size));
            (before, true)
        }
    };
    rows.truncate(request.size);
    let place = |row: Option<&(Place, T)>| row.map(|(place, _)| *place);
    Page {
        before: place(rows.first()).filter(|_| before),
        after: place(rows.last()).filter(|_| after),
        rows,
        damaged: stored.damaged,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a page query allows 10,000 rows to be left out"
)]
const fn as_size(skip: u64) -> usize {
    skip as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(key: i64) -> Place {
        Place { key, id: 0 }
    }

    /// Even rows are stored, odd ones made: 0 to 9.
    fn read(request: PageRequest) -> Page<(Place, i64)> {
        let asked = of_stored(&request);
        let all = || (0..10).step_by(2).map(|key| (at(key), key));
        let mut stored: Vec<_> = match asked.start {
            Start::First { .. } => all().collect(),
            Start::After(from) => all().filter(|(place, _)| *place > from).collect(),
            Start::Before(from) => all().filter(|(place, _)| *place < from).collect(),
        };
        let is_cut = stored.len() > asked.size;
        let is_before = matches!(asked.start, Start::Before(_));
        if is_before {
            stored.drain(..stored.len().saturating_sub(asked.size));
        }
        stored.truncate(asked.size);
        let stored = Page {
            before: stored
                .first()
                .map(|it| it.0)
                .filter(|_| is_cut && is_before),
            after: stored
                .last()
                .map(|it| it.0)
                .filter(|_| is_cut && !is_before),
            rows: stored,
            damaged: Vec::new(),
        };
        let made = (1..10).step_by(2).map(|key| (at(key), key));
        page(stored, made, &request)
    }

    fn keys(page: &Page<(Place, i64)>) -> Vec<i64> {
        page.rows.iter().map(|(_, key)| *key).collect()
    }

    #[test]
    fn pages_of_any_size_meet_both_ways() {
        for size in 1..=11 {
            let mut seen = Vec::new();
            let mut start = Start::First { skip: 0 };
            let last = loop {
                let page = read(PageRequest { start, size });
                seen.extend(keys(&page));
                match page.after {
                    Some(place) => start = Start::After(place),
                    None => break page,
                }
            };
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "{size}");
            let mut seen = keys(&last);
            let mut before = last.before;
            while let Some(place) = before {
                let start = Start::Before(place);
                let page = read(PageRequest { start, size });
                seen.splice(0..0, keys(&page));
                before = page.before;
            }
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "{size}");
        }
    }

    #[test]
    fn rows_are_left_out_of_both_together() {
        let request = |skip| PageRequest {
            start: Start::First { skip },
            size: 3,
        };
        assert_eq!(keys(&read(request(4))), [4, 5, 6]);
        assert_eq!(keys(&read(request(8))), [8, 9]);
        assert_eq!(keys(&read(request(99))), [0; 0]);
    }
}
