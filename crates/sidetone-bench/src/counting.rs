//! Statistics over the store: what there is to count, and how long that takes.

use std::path::Path;
use std::slice;
use std::time::Instant;

use anyhow::anyhow;
use sidetone::api::v1::statistics::query::StatisticsRequest;
use sidetone::web::form::Params;
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::time::DAY_US;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

use crate::data;
use crate::figures::{Sorted, ms};

/// What is asked for, as on the wire.
const QUERIES: &[&str] = &[
    "",
    "GroupBy=Carrier",
    "GroupBy=Country&OrderBy=-packet_loss",
    "GroupBy=CallState",
    "GroupBy=Tag",
    "GroupBy=UserAgent",
    "GroupBy=From",
    "GroupBy=Carrier,CallState",
    "GroupBy=Codec,Edge",
    "Interval=day&TimeZone=Europe/Berlin",
    "Interval=hour&GroupBy=Direction",
    "GroupBy=Carrier&Measures=calls,answered,answer_seizure_ratio,network_effectiveness_ratio,duration,connect_duration,pdd,packet_loss,jitter,rtt,mos,call_score,measured,tagged,annotated,spam",
];
/// Days that each is over, and how often.
const DAYS: [i64; 2] = [30, 400];
const TIMES: usize = 20;

/// Writes the segments of all quarters; prints seconds.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub async fn write(dir: &Path) -> anyhow::Result<()> {
    let store = SqliteStore::open(&data::database(dir), Options::default())?;
    let end = data::facts(dir)?.calls().times.end();
    let begin = Instant::now();
    let mut after = None;
    loop {
        after = store.write_segments(after, end, 16).await?;
        if after.is_none() {
            break;
        }
    }
    println!("{:.1}", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Prints one line a query and time, tab-separated: query, days, calls that were counted, rows, p50
/// and longest in ms.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub async fn run(dir: &Path) -> anyhow::Result<()> {
    let calls = data::facts(dir)?.calls();
    let store = SqliteStore::open(&data::database(dir), data::options(dir)?)?;
    for days in DAYS {
        let filter = SummaryFilter {
            started_from: calls.times.end().plus_us(-days * DAY_US),
            ended_until: calls.times.end(),
            processing: ProcessingFilter::Completed,
            ..SummaryFilter::all(calls.account)
        };
        for text in QUERIES {
            let params = Params::decode(text.as_bytes()).map_err(|_| anyhow!("{text}"))?;
            let asked = StatisticsRequest::read(&params, &filter, false)
                .map_err(|it| anyhow!(it.message))?;
            let mut times = Vec::with_capacity(TIMES);
            let mut told = String::new();
            for _ in 0..TIMES {
                let begin = Instant::now();
                let counted = store.statistics(slice::from_ref(&asked.query)).await;
                times.push(begin.elapsed());
                told = match counted {
                    Ok(counted) => counted
                        .iter()
                        .map(|it| format!("{}\t{}", it.calls, it.rows.len()))
                        .collect(),
                    Err(error) => format!("{error}\t–"),
                };
            }
            let times = Sorted::new(times);
            let [p50, longest] = [50, 100].map(|percent| ms(times.percentile(percent)));
            println!("{text}\t{days}\t{told}\t{p50}\t{longest}");
        }
    }
    Ok(())
}
