//! Pages of a list of which some rows are stored and others are made when it is read.

use sidetone_core::event::CallEvent;
use sidetone_core::id::EventKey;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, Place, Start};

/// The place of a row that is made: stored ones have positions from 1, so it is before those of the
/// same time.
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

/// Rows looked at together while some are left out.
const CHUNK: usize = 1_000;

/// The page of rows that are stored, which `read` reads, and of all that are made, in any order.
/// Rows that are left out are left out of both together.
///
/// # Errors
/// As `read`'s.
pub async fn read<T, E, R: Future<Output = Result<Page<(Place, T)>, E>>>(
    made: Vec<(Place, T)>,
    request: &PageRequest,
    read: impl Fn(PageRequest) -> R,
) -> Result<Page<(Place, T)>, E> {
    let mut request = *request;
    if let Start::First { skip: skip @ 1.. } = request.start {
        let places: Vec<Place> = made.iter().map(|(place, _)| *place).collect();
        match place_of(skip, &places, &read).await? {
            Some(place) => request.start = Start::After(place),
            None => {
                return Ok(Page::default());
            }
        }
    }
    Ok(page(read(request).await?, made, &request))
}

/// The place of the last of so many rows. `None`: there are fewer.
async fn place_of<T, E, R: Future<Output = Result<Page<(Place, T)>, E>>>(
    rows: u64,
    made: &[Place],
    read: impl Fn(PageRequest) -> R,
) -> Result<Option<Place>, E> {
    let mut left = rows;
    let mut request = PageRequest {
        start: Start::First { skip: 0 },
        size: CHUNK,
    };
    loop {
        let stored = read(request).await?;
        let stored = Page {
            rows: stored.rows.iter().map(|(place, _)| (*place, ())).collect(),
            before: stored.before,
            after: stored.after,
            ..Page::default()
        };
        let chunk = page(stored, made.iter().map(|place| (*place, ())), &request);
        let nth = usize::try_from(left - 1).unwrap_or(usize::MAX);
        if let Some((place, ())) = chunk.rows.get(nth) {
            return Ok(Some(*place));
        }
        left -= chunk.rows.len() as u64;
        match chunk.after {
            Some(place) => request.start = Start::After(place),
            None => return Ok(None),
        }
    }
}

/// The page of both, neither of which leaves rows out.
fn page<T>(
    stored: Page<(Place, T)>,
    made: impl IntoIterator<Item = (Place, T)>,
    request: &PageRequest,
) -> Page<(Place, T)> {
    // Stored rows that were not read, because they are many or large, stand before those made
    // beyond them.
    let is_within = |place: Place| match request.start {
        Start::First { .. } => stored.after.is_none_or(|last| place <= last),
        Start::After(from) => place > from && stored.after.is_none_or(|last| place <= last),
        Start::Before(from) => place < from && stored.before.is_none_or(|first| place >= first),
    };
    let mut rows = stored.rows;
    rows.extend(made.into_iter().filter(|(place, _)| is_within(*place)));
    rows.sort_by_key(|(place, _)| *place);
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
    let place = |row: Option<&(Place, T)>| row.map(|(place, _)| *place);
    Page {
        before: place(rows.first()).filter(|_| before),
        after: place(rows.last()).filter(|_| after),
        rows,
        damaged: stored.damaged,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const fn at(key: i64) -> Place {
        Place { key, id: 0 }
    }

    /// Even rows are stored, of which at most so many are read at once, and odd ones are made: 0 to
    /// 9.
    async fn ask(request: PageRequest, most: usize) -> Page<(Place, i64)> {
        let stored = async |asked: PageRequest| -> Result<_, Infallible> {
            let all = || (0..10).step_by(2).map(|key| (at(key), key));
            let mut stored: Vec<_> = match asked.start {
                Start::First { .. } => all().collect(),
                Start::After(from) => all().filter(|(place, _)| *place > from).collect(),
                Start::Before(from) => all().filter(|(place, _)| *place < from).collect(),
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

    fn keys(page: &Page<(Place, i64)>) -> Vec<i64> {
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
                    Some(place) => start = Start::After(place),
                    None => break page,
                }
            };
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "{size} {most}");
            let mut seen = keys(&last);
            let mut before = last.before;
            while let Some(place) = before {
                let start = Start::Before(place);
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
