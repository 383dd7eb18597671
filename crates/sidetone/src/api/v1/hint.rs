//! Why a list is not what one may have expected.

use sidetone_core::filter::ProcessingFilter;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::CallRecord;
use sidetone_store::page::{PageRequest, Start};

use super::filter::Selection;
use crate::app::App;

/// What to say about an answer. `empty`: the list has no calls at all.
pub async fn of(app: &App, selection: &Selection, empty: bool, now: TimeUs) -> Vec<String> {
    let mut hints = Vec::new();
    if selection.quality_for_connectivity {
        hints.push(
            "ConnectivityIssueAnnotation names a quality issue; it was taken as QualityIssueAnnotation"
                .to_owned(),
        );
    }
    if empty {
        let filter = &selection.filter;
        if !selection.start_by_default && filter.started_from > filter.ended_until {
            hints.push("StartTime is later than EndTime, so no call can match".to_owned());
        } else if !selection.start_by_default && filter.started_from >= filter.started_before {
            hints.push("StartTime is not before StartedBefore, so no call can match".to_owned());
        } else if let Some(found) = beyond_defaults(app, selection).await {
            hints.extend(suggestion(selection, &found, now));
        }
    }
    hints
}

/// What to say about a page that ends before it is full although the list goes on.
pub fn of_short(rows: usize, size: usize, goes_on: bool) -> Option<String> {
    (goes_on && rows < size).then(|| {
        "the page ends early, because more calls take long to find or the page would be too large; next_page_url goes on"
            .to_owned()
    })
}

/// What to say about calls that were left out because they are damaged. What is wrong with each is
/// for the log.
pub fn of_damaged(damaged: &[String]) -> Option<String> {
    for damage in damaged {
        tracing::error!(damage, "a call is damaged and was left out of a list");
    }
    let calls = damaged.len();
    (calls > 0).then(|| {
        format!("{calls} calls of this page are damaged in the database and were left out; the log names them")
    })
}

/// The latest call that the same filters would find without the defaults of time and state.
async fn beyond_defaults(app: &App, selection: &Selection) -> Option<CallRecord> {
    if !selection.start_by_default && !selection.processing_by_default {
        return None;
    }
    let mut filter = selection.filter.clone();
    if selection.start_by_default {
        filter.started_from = TimeUs::from_micros(i64::MIN);
    }
    if selection.processing_by_default {
        filter.processing = ProcessingFilter::All;
    }
    let page = PageRequest {
        start: Start::First { skip: 0 },
        size: 1,
    };
    // A hint is not worth an error.
    let page = app.store.list(&filter, &page).await.ok()?;
    page.rows.into_iter().next()
}

/// The parameters that would show a call.
fn suggestion(selection: &Selection, found: &CallRecord, now: TimeUs) -> Option<String> {
    let summary = found.summary.as_ref()?;
    let started = summary.facts.started_at?;
    let mut parameters = Vec::new();
    if started < selection.filter.started_from {
        parameters.push(format!("StartTime={}", reaching(started, now)));
    }
    if selection.processing_by_default && summary.processing != ProcessingState::Complete {
        parameters.push("ProcessingState=all".to_owned());
    }
    if parameters.is_empty() {
        return None;
    }
    let parameters = parameters.join("&");
    Some(format!(
        "no call matches within the defaults StartTime=4h and ProcessingState=completed; {parameters} would show some"
    ))
}

/// A relative time that reaches back to a point: whole days up to a week, then whole weeks.
fn reaching(point: TimeUs, now: TimeUs) -> String {
    let days = now.since_us(point).max(0) / DAY_US + 1;
    if days <= 7 {
        format!("{days}d")
    } else {
        format!("{}w", (days + 6) / 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_ends_early_is_told_of() {
        for (rows, goes_on, is_told) in [
            (1, true, true),
            (49, true, true),
            (50, true, false),
            (49, false, false),
            (0, false, false),
        ] {
            assert_eq!(of_short(rows, 50, goes_on).is_some(), is_told, "{rows}");
        }
    }

    #[test]
    fn reaches_back_far_enough() {
        let now = TimeUs::from_micros(100 * DAY_US);
        for (ago_us, expected) in [
            (1, "1d"),
            (DAY_US - 1, "1d"),
            (DAY_US, "2d"),
            (6 * DAY_US, "7d"),
            (7 * DAY_US, "2w"),
            (27 * DAY_US, "4w"),
        ] {
            assert_eq!(reaching(now.plus_us(-ago_us), now), expected, "{ago_us}");
        }
    }
}
