//! Lists over the store, read as the server reads them: how long a page takes and how many steps, for
//! each filter on its own.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use sidetone::api::v1::render::template::FORM;
use sidetone_core::annotation::Annotation;
use sidetone_core::filter::{ProcessingFilter, SortBy, SummaryFilter};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

use crate::calls::Calls;
use crate::data;
use crate::fields::{FIELDS, Field};
use crate::figures::{Sorted, ms};
use crate::judgements;
use sidetone_bench::random::Random;

/// Rows a page.
pub const PAGE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 50,
};
/// Pages read before the clock starts.
const WARM: usize = 100;
/// Pages whose steps are counted.
const COUNTED: usize = 200;

/// One way to ask for every filter.
struct Form {
    name: &'static str,
    processing: ProcessingFilter,
    sort_by: SortBy,
}

const FORMS: [Form; 3] = [
    Form {
        name: "all",
        processing: ProcessingFilter::All,
        sort_by: SortBy::EndTime,
    },
    Form {
        name: "completed",
        processing: ProcessingFilter::Completed,
        sort_by: SortBy::EndTime,
    },
    Form {
        name: "all by start",
        processing: ProcessingFilter::All,
        sort_by: SortBy::StartTime,
    },
];

/// Writes one line a filter and form, tab-separated: name, form, rows of the emptiest page, p50,
/// p99 and longest in ms, the same of the value that finds nothing, mean and largest steps a page,
/// steps where nothing is found.
pub async fn run(dir: &Path, samples: usize, file: &Path) -> anyhow::Result<()> {
    let facts = data::facts(dir)?;
    let calls = facts.calls();
    let timed = SqliteStore::open(&data::database(dir), Options::default())?;
    let counting = SqliteStore::open_counting(&data::database(dir), Options::default())?;
    let mut out = std::fs::File::create(file)?;
    for form in &FORMS {
        for field in FIELDS {
            let lists = Lists::draw(&calls, form, field, samples);
            let line = measure(&timed, &counting, form, field, &lists).await?;
            eprintln!("  {}", line.replace('\t', "  "));
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The lists to read.
struct Lists {
    some: Vec<SummaryFilter>,
    nothing: Option<SummaryFilter>,
}

impl Lists {
    fn draw(calls: &Calls, form: &Form, field: &Field, samples: usize) -> Self {
        let filter = |value: &str| {
            let mut filter = SummaryFilter::all(calls.account);
            filter.started_from = calls.times.begin();
            filter.ended_until = calls.times.end();
            filter.processing = form.processing;
            filter.sort_by = form.sort_by;
            (field.set)(&mut filter, value);
            filter
        };
        Self {
            some: values(calls, field, samples)
                .iter()
                .map(|value| filter(value))
                .collect(),
            nothing: field.nothing.map(filter),
        }
    }
}

/// Values of calls drawn at random, so a value is as likely as it is frequent.
pub fn values(calls: &Calls, field: &Field, samples: usize) -> Vec<String> {
    let mut random = Random::of(calls.seed, 50, samples as u64);
    let mut values = Vec::with_capacity(samples);
    while values.len() < samples {
        let number = random.below(calls.count);
        let said = judgements::judgement(calls.seed, number)
            .map(|patch| Annotation::default().with(patch))
            .unwrap_or_default();
        values.extend((field.of)(&calls.summary(number), &said));
    }
    values
}

async fn measure(
    timed: &SqliteStore,
    counting: &SqliteStore,
    form: &Form,
    field: &Field,
    lists: &Lists,
) -> anyhow::Result<String> {
    for filter in lists.some.iter().take(WARM) {
        timed.list_shown(filter, &PAGE, FORM).await?;
    }
    let mut times = Vec::with_capacity(lists.some.len());
    let mut fewest = usize::MAX;
    for filter in &lists.some {
        let (rows, time) = one(timed, filter).await?;
        times.push(time);
        fewest = fewest.min(rows);
    }
    let mut steps = Vec::with_capacity(COUNTED);
    for filter in lists.some.iter().take(COUNTED) {
        counting.list_shown(filter, &PAGE, FORM).await?;
        steps.push(counting.last_list_steps());
    }
    let (mut nothing_ms, mut nothing_steps) = ("–".to_owned(), "–".to_owned());
    if let Some(filter) = &lists.nothing {
        one(timed, filter).await?;
        let mut again = Vec::new();
        for _ in 0..9 {
            again.push(one(timed, filter).await?.1);
        }
        nothing_ms = ms(Sorted::new(again).percentile(50));
        counting.list_shown(filter, &PAGE, FORM).await?;
        nothing_steps = counting.last_list_steps().to_string();
    }
    let times = Sorted::new(times);
    let mean = steps.iter().sum::<u64>() / steps.len().max(1) as u64;
    Ok(format!(
        "{}\t{}\t{fewest}\t{}\t{}\t{}\t{nothing_ms}\t{mean}\t{}\t{nothing_steps}",
        field.name,
        form.name,
        ms(times.percentile(50)),
        ms(times.percentile(99)),
        ms(times.percentile(100)),
        steps.iter().max().copied().unwrap_or_default(),
    ))
}

#[allow(clippy::disallowed_methods, reason = "it measures")]
async fn one(store: &SqliteStore, filter: &SummaryFilter) -> anyhow::Result<(usize, Duration)> {
    let begin = Instant::now();
    let page = store.list_shown(filter, &PAGE, FORM).await?;
    Ok((page.rows.len(), begin.elapsed()))
}

/// Writes query strings of lists for the server, one a line.
pub fn queries(calls: &Calls, count: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let each = count.div_ceil(FIELDS.len());
    for field in FIELDS {
        for value in values(calls, field, each) {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair(field.name, &value)
                .append_pair("StartTime", &calls.times.begin().to_seconds_text())
                .append_pair("PageSize", "50")
                .finish();
            writeln!(out, "/v1/Voice/Summaries?{query}")?;
        }
    }
    Ok(())
}
