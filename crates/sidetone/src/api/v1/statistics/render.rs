//! Statistics on the wire.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::{Interval, Measure};
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::histogram::RELATIVE_ERROR;
use sidetone_store::statistics::spread::Spread;
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery, StatisticsRow};

use super::query::StatisticsRequest;

/// Decimals of ratios and means.
const DECIMALS: f64 = 10_000.0;

/// A period and what was counted in it.
#[derive(Clone, Copy)]
pub(super) struct Period<'a> {
    query: &'a StatisticsQuery,
    told: &'a Statistics,
}

impl<'a> Period<'a> {
    /// What was counted for a query.
    pub(super) const fn of(query: &'a StatisticsQuery, told: &'a Statistics) -> Self {
        Self { query, told }
    }
}

/// Where the time begins and ends that a filter asks for. `None`: it does not.
pub(super) fn bounds(filter: &SummaryFilter) -> [Option<String>; 2] {
    let all = SummaryFilter::all(filter.account);
    [
        (filter.started_from, all.started_from),
        (filter.ended_until, all.ended_until),
    ]
    .map(|(at, open)| (at != open).then(|| at.to_seconds_text()))
}

/// A whole answer.
pub(super) struct Body<'a> {
    /// What was asked for.
    pub(super) asked: &'a StatisticsRequest,
    /// The period that was asked for.
    pub(super) period: Period<'a>,
    /// The one before it.
    pub(super) previous: Option<Period<'a>>,
    /// The request.
    pub(super) url: &'a str,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_key = |period: Period<'_>| {
            let rows = period.told.rows.iter();
            rows.map(|row| ((row.interval_start, row.group.clone()), row.tally.clone()))
                .collect()
        };
        let mut before: Option<HashMap<GroupKey, Tally>> = self.previous.map(by_key);
        let rows: Vec<Row<'_>> = self
            .period
            .told
            .rows
            .iter()
            .map(|row| Row {
                asked: self.asked,
                row,
                previous: before
                    .as_mut()
                    .map(|before| before.remove(&(row.interval_start, row.group.clone()))),
            })
            .collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("meta", &self.meta())?;
        map.serialize_entry("statistics", &rows)?;
        map.end()
    }
}

/// An interval and a group.
type GroupKey = (Option<TimeUs>, Vec<GroupValue>);

impl Body<'_> {
    fn meta(&self) -> Meta<'_> {
        let query = &self.asked.query;
        let is_exact = query
            .measures
            .iter()
            .all(|measure| unit(*measure).is_none());
        let [start_time, end_time] = bounds(&self.period.query.filter);
        let previous = self.previous.map(|period| {
            let [start_time, end_time] = bounds(&period.query.filter);
            json!({"start_time": start_time, "end_time": end_time, "calls": period.told.calls})
        });
        Meta {
            start_time,
            end_time,
            interval: query.interval,
            time_zone: &self.asked.zone,
            group_by: self.asked.dimensions.iter().map(|it| it.name).collect(),
            measures: &query.measures,
            order_by: format!(
                "{}{}",
                if query.order_by.is_ascending { "" } else { "-" },
                query.order_by.measure
            ),
            calls: self.period.told.calls,
            groups: self.period.told.groups,
            groups_left_out: self.period.told.groups.saturating_sub(query.groups_max),
            exact: is_exact,
            relative_error: (!is_exact).then_some(RELATIVE_ERROR),
            previous,
            url: self.url,
            key: "statistics",
        }
    }
}

#[derive(Serialize)]
struct Meta<'a> {
    start_time: Option<String>,
    end_time: Option<String>,
    interval: Option<Interval>,
    time_zone: &'a str,
    group_by: Vec<&'static str>,
    measures: &'a [Measure],
    order_by: String,
    calls: u64,
    groups: usize,
    groups_left_out: usize,
    exact: bool,
    relative_error: Option<f64>,
    previous: Option<Value>,
    url: &'a str,
    key: &'static str,
}

struct Row<'a> {
    asked: &'a StatisticsRequest,
    row: &'a StatisticsRow,
    /// `None`: it was not asked for; `Some(None)`: there were no such calls.
    previous: Option<Option<Tally>>,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let query = &self.asked.query;
        let dimensions = self.asked.dimensions.iter().zip(&self.row.group);
        let group: Map<String, Value> = dimensions
            .map(|(dimension, value)| (dimension.name.to_owned(), dimension.tell(value)))
            .collect();
        let interval_start = self.row.interval_start.map(|at| local_text(at, query));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("interval_start", &interval_start)?;
        map.serialize_entry("group", &group)?;
        for (name, value) in measures(query, &self.row.tally) {
            map.serialize_entry(name, &value)?;
        }
        if let Some(previous) = &self.previous {
            let measures = previous.as_ref().map(|tally| -> Map<String, Value> {
                let measures = measures(query, tally).into_iter();
                measures
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            });
            map.serialize_entry("previous", &measures)?;
        }
        map.end()
    }
}

/// A time as the clocks of the zone show it, with their offset.
fn local_text(at: TimeUs, query: &StatisticsQuery) -> String {
    let Ok(time) = Timestamp::from_microsecond(at.micros()) else {
        return at.to_seconds_text();
    };
    let time = time.to_zoned(query.zone.clone());
    if time.offset().is_zero() {
        return at.to_seconds_text();
    }
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn measures(query: &StatisticsQuery, tally: &Tally) -> Vec<(&'static str, Value)> {
    let measures = query
        .measures
        .iter()
        .filter(|measure| **measure != Measure::Calls);
    let told = measures.map(|measure| (measure.as_str(), value_of(*measure, tally)));
    std::iter::once((Measure::Calls.as_str(), tally.calls.into()))
        .chain(told)
        .collect()
}

fn value_of(measure: Measure, tally: &Tally) -> Value {
    let ratio = |ratio: Option<f64>| Value::from(ratio.map(rounded));
    match measure {
        Measure::Calls => tally.calls.into(),
        Measure::Answered => tally.answered().into(),
        Measure::AnswerSeizureRatio => ratio(tally.answer_seizure_ratio()),
        Measure::NetworkEffectivenessRatio => ratio(tally.network_effectiveness_ratio()),
        Measure::Measured => ratio(tally.measured()),
        Measure::Tagged => ratio(tally.tagged()),
        Measure::Annotated => ratio(tally.annotated()),
        Measure::Spam => ratio(tally.spam()),
        Measure::CallScore => scores(tally),
        Measure::Duration
        | Measure::ConnectDuration
        | Measure::Pdd
        | Measure::PacketLoss
        | Measure::Jitter
        | Measure::Rtt
        | Measure::Mos
        | Measure::Talk
        | Measure::QueueTime => tally
            .spread(measure)
            .map_or(Value::Null, |it| spread(measure, it)),
    }
}

/// The scores that people gave. Null: none.
pub(super) fn scores(tally: &Tally) -> Value {
    let Some(mean) = tally.mean_score() else {
        return Value::Null;
    };
    let scores = tally.scores();
    let distribution: Map<String, Value> = (1..)
        .zip(scores)
        .map(|(score, calls): (u8, u64)| (score.to_string(), calls.into()))
        .collect();
    json!({"calls": scores.iter().sum::<u64>(), "avg": rounded(mean), "distribution": distribution})
}

/// How many of what it is counted in make one of what it is told in. `None`: it has no percentiles.
const fn unit(measure: Measure) -> Option<f64> {
    match measure {
        Measure::Duration
        | Measure::ConnectDuration
        | Measure::Pdd
        | Measure::Talk
        | Measure::QueueTime => Some(1.0),
        Measure::PacketLoss | Measure::Jitter | Measure::Rtt | Measure::Mos => Some(1000.0),
        Measure::Calls
        | Measure::Answered
        | Measure::AnswerSeizureRatio
        | Measure::NetworkEffectivenessRatio
        | Measure::CallScore
        | Measure::Measured
        | Measure::Tagged
        | Measure::Annotated
        | Measure::Spam => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no figure of a call is that large"
)]
fn spread(measure: Measure, spread: &Spread) -> Value {
    let unit = unit(measure).unwrap_or(1.0);
    let percentile = |percent| {
        spread
            .percentile(percent)
            .map(|value| rounded(value as f64 / unit))
    };
    json!({
        "calls": spread.count(),
        "avg": spread.mean().map(|mean| rounded(mean / unit)),
        "p50": percentile(50),
        "p95": percentile(95),
        "p99": percentile(99),
    })
}

/// With four decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * DECIMALS).round() / DECIMALS
}
