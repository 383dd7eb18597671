//! Lists over the store by two filters at once, drawn at random.

use std::path::Path;
use std::time::{Duration, Instant};

use sidetone::api::v1::render::template::FORM;
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_store::StoreError;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::SqliteStore;

use crate::data;
use crate::fields::FIELDS;
use crate::figures::{Sorted, ms};
use crate::lists::{PAGE, values};
use sidetone_bench::random::Random;

/// Lists of each pair.
const LISTS: usize = 5;

/// Prints p50, p99 and the longest in ms of the lists that were answered; how many were refused, of
/// how many, and the longest time that took; and which pair took longest.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub async fn run(dir: &Path, pairs: usize) -> anyhow::Result<()> {
    let calls = data::facts(dir)?.calls();
    let store = SqliteStore::open(&data::database(dir), data::options(dir)?)?;
    let mut random = Random::of(calls.seed, 51, 0);
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    let mut slowest = (Duration::ZERO, String::new());
    let drawn: Vec<Vec<String>> = FIELDS
        .iter()
        .map(|field| values(&calls, field, LISTS * 4))
        .collect();
    for _ in 0..pairs {
        let [one, other] = loop {
            let both = [(); 2].map(|()| random.below(FIELDS.len() as u64) as usize);
            if both[0] != both[1] {
                break both;
            }
        };
        for _ in 0..LISTS {
            let mut filter = SummaryFilter {
                started_from: calls.times.begin(),
                ended_until: calls.times.end(),
                processing: ProcessingFilter::Completed,
                ..SummaryFilter::all(calls.account)
            };
            for field in [one, other] {
                let value = &drawn[field][random.below(drawn[field].len() as u64) as usize];
                (FIELDS[field].set)(&mut filter, value);
            }
            let begin = Instant::now();
            let page = store.list_shown(&filter, &PAGE, FORM).await;
            let time = begin.elapsed();
            match page {
                Ok(_) => answered.push(time),
                Err(StoreError::TooExpensive(_)) => refused.push(time),
                Err(error) => return Err(error.into()),
            }
            if time > slowest.0 {
                let names = [one, other].map(|field| FIELDS[field].name).join(" and ");
                slowest = (time, names);
            }
        }
    }
    let (lists, refusals) = (pairs * LISTS, refused.len());
    let (answered, refused) = (Sorted::new(answered), Sorted::new(refused));
    println!(
        "{}\t{}\t{}\t{refusals}\t{lists}\t{}\t{}",
        ms(answered.percentile(50)),
        ms(answered.percentile(99)),
        ms(answered.percentile(100)),
        ms(refused.percentile(100)),
        slowest.1
    );
    Ok(())
}
