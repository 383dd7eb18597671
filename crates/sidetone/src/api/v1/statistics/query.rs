//! The parameters of statistics beside the filters.

use jiff::tz::TimeZone;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::{Interval, Measure};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::statistics::{OrderBy, StatisticsQuery};

use crate::api::words::Words;
use crate::dimension::{DIMENSIONS, Dimension, find};
use crate::web::form::{Invalid, Params, Value};

/// The parameters beside the filters.
pub const NAMES: &[&str] = &[
    "Interval", "TimeZone", "GroupBy", "Measures", "OrderBy", "Previous", "Limit",
];

/// The most that calls are grouped by at once.
const GROUPED_BY_MAX: usize = 2;

/// What is told when it is not said.
const MEASURES: [Measure; 5] = [
    Measure::Calls,
    Measure::Answered,
    Measure::AnswerSeizureRatio,
    Measure::NetworkEffectivenessRatio,
    Measure::Duration,
];
/// Groups that are told of when it is not said, and at most.
const GROUPS_TOLD: usize = 100;
const GROUPS_TOLD_MAX: usize = 1000;
/// The most intervals of a time.
const INTERVALS_MAX: i64 = 10_000;

/// What was asked for, in our terms.
#[derive(Debug)]
pub struct StatisticsRequest {
    /// The count.
    pub query: StatisticsQuery,
    /// The same of the period before.
    pub previous: Option<StatisticsQuery>,
    /// What calls are grouped by.
    pub dimensions: Vec<&'static Dimension>,
    /// The name of the zone.
    pub zone: String,
}

impl StatisticsRequest {
    /// Reads them. `filter`: which calls.
    ///
    /// # Errors
    /// When a value is malformed.
    pub fn read(
        params: &Params,
        filter: &SummaryFilter,
        advanced_only: bool,
    ) -> Result<Self, Invalid> {
        let (zone, zone_name) = zone(params)?;
        let dimensions = dimensions(params)?;
        let order_by = order_by(params)?;
        let query = StatisticsQuery {
            advanced_only,
            interval: interval(params, filter)?,
            zone,
            group_by: dimensions.iter().map(|it| it.column).collect(),
            measures: measures(params, order_by.measure)?,
            order_by,
            groups_max: limit(params)?,
            ..StatisticsQuery::of(filter.clone())
        };
        Ok(Self {
            previous: previous(params, &query)?,
            query,
            dimensions,
            zone: zone_name,
        })
    }
}

/// So many groups at most.
///
/// # Errors
/// When it is no such number.
pub fn limit(params: &Params) -> Result<usize, Invalid> {
    match params.filled("Limit") {
        Some(value) => value.integer(1..=GROUPS_TOLD_MAX),
        None => Ok(GROUPS_TOLD),
    }
}

fn zone(params: &Params) -> Result<(TimeZone, String), Invalid> {
    let Some(value) = params.filled("TimeZone") else {
        return Ok((TimeZone::UTC, "UTC".to_owned()));
    };
    let zone = TimeZone::get(value.text).ok();
    let zone = zone.and_then(|zone| {
        let name = zone.iana_name()?.to_owned();
        Some((zone, name))
    });
    zone.ok_or_else(|| value.invalid("a name of the IANA time zone database (Europe/Berlin, UTC)"))
}

fn interval(params: &Params, filter: &SummaryFilter) -> Result<Option<Interval>, Invalid> {
    let Some(value) = params.filled("Interval") else {
        return Ok(None);
    };
    let interval: Interval = value.word()?;
    let last = filter.ended_until.min(filter.started_before);
    let length_us = last.since_us(filter.started_from);
    // Few calls have few intervals, whenever they were.
    let is_named = !filter.sip_call.is_empty()
        || !filter.call_sid.is_empty()
        || !filter.parent.is_empty()
        || filter.needle.is_some();
    if !is_named && length_us / interval.usual_us() > INTERVALS_MAX {
        return Err(value.invalid(format_args!(
            "one that has at most {INTERVALS_MAX} from StartTime to EndTime: one of {}",
            Interval::WORDS.join(", ")
        )));
    }
    Ok(Some(interval))
}

fn dimensions(params: &Params) -> Result<Vec<&'static Dimension>, Invalid> {
    let Some(value) = params.filled("GroupBy") else {
        return Ok(Vec::new());
    };
    let names = || {
        let names: Vec<&str> = DIMENSIONS.iter().map(|it| it.name).collect();
        names.join(", ")
    };
    let dimension = |item: Value<'_>| {
        find(item.text).ok_or_else(|| item.invalid(format_args!("one or two of {}", names())))
    };
    let dimensions: Vec<&Dimension> = value.items().map(dimension).collect::<Result<_, _>>()?;
    let is_twice = matches!(dimensions[..], [one, other] if one.column == other.column);
    if dimensions.len() > GROUPED_BY_MAX || is_twice {
        return Err(value.invalid(format_args!("one or two different ones of {}", names())));
    }
    Ok(dimensions)
}

/// What is told, and what it is ordered by.
fn measures(params: &Params, order_by: Measure) -> Result<Vec<Measure>, Invalid> {
    let mut measures = match params.filled("Measures") {
        Some(value) => value.words()?,
        None => MEASURES.to_vec(),
    };
    if order_by != Measure::Calls && !measures.contains(&order_by) {
        measures.push(order_by);
    }
    // In the order in which they are told.
    measures.sort_unstable();
    Ok(measures)
}

fn order_by(params: &Params) -> Result<OrderBy, Invalid> {
    let Some(value) = params.filled("OrderBy") else {
        return Ok(OrderBy::MOST_CALLS);
    };
    let descending = value.text.strip_prefix('-');
    let measure = descending.unwrap_or(value.text).parse().map_err(|_| {
        value.invalid(format_args!(
            "one of {}; the greatest first with - before it",
            Measure::WORDS.join(", ")
        ))
    })?;
    Ok(OrderBy {
        measure,
        is_ascending: descending.is_none(),
    })
}

/// The period before, as long as this one, laid over it.
fn previous(params: &Params, query: &StatisticsQuery) -> Result<Option<StatisticsQuery>, Invalid> {
    let Some(value) = params.filled("Previous") else {
        return Ok(None);
    };
    if !value.boolean()? {
        return Ok(None);
    }
    let filter = &query.filter;
    let (from, before) = (filter.started_from, filter.started_before);
    let until = filter.ended_until.min(before);
    let all = SummaryFilter::all(filter.account);
    if from == all.started_from || until == all.ended_until || from > until {
        return Err(value.invalid("false, or a StartTime and a later EndTime beside it"));
    }
    // A day that is asked for as a date ends with its last microsecond.
    let length_us =
        (until.since_us(from).saturating_add(SECOND_US - 1) / SECOND_US).saturating_mul(SECOND_US);
    let earlier = |at: TimeUs| at.plus_us(length_us.saturating_neg());
    Ok(Some(StatisticsQuery {
        filter: SummaryFilter {
            started_from: earlier(from),
            started_before: if before == all.started_before {
                before
            } else {
                earlier(before)
            },
            ended_until: earlier(filter.ended_until),
            include_running: false,
            ..filter.clone()
        },
        shift_us: length_us,
        // Which are told, this period says.
        groups_max: usize::MAX,
        ..query.clone()
    }))
}

#[cfg(test)]
mod tests {
    use sidetone_core::id::AccountSid;

    use super::*;

    fn read(query: &str) -> Result<StatisticsRequest, String> {
        let at = |text| TimeUs::parse_rfc3339(text).unwrap();
        let filter = SummaryFilter {
            started_from: at("2026-06-01T00:00:00Z"),
            ended_until: at("2026-06-30T23:59:59.999999Z"),
            ..SummaryFilter::all(AccountSid::from_bytes([1; 16]))
        };
        let params = Params::decode(query.as_bytes()).unwrap();
        StatisticsRequest::read(&params, &filter, false).map_err(|invalid| invalid.message)
    }

    #[track_caller]
    fn refused(query: &str, expected: &str) {
        let message = read(query).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn every_dimension_has_a_name_of_its_own() {
        let mut names: Vec<&str> = DIMENSIONS.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DIMENSIONS.len());
        let asked = read("GroupBy=SpamAnnotation,+AnsweredByAnnotation").unwrap();
        let names: Vec<&str> = asked.dimensions.iter().map(|it| it.name).collect();
        assert_eq!(names, ["Spam", "AnsweredByAnnotation"]);
    }

    #[test]
    fn what_is_ordered_by_is_told() {
        let order_by = |measure, is_ascending| OrderBy {
            measure,
            is_ascending,
        };
        let asked = read("OrderBy=-packet_loss&Measures=tagged,calls").unwrap();
        assert_eq!(asked.query.order_by, order_by(Measure::PacketLoss, false));
        let told = [Measure::Calls, Measure::PacketLoss, Measure::Tagged];
        assert_eq!(asked.query.measures, told);
        let asked = read("OrderBy=mos&Measures=mos").unwrap();
        assert_eq!(asked.query.order_by, order_by(Measure::Mos, true));
        assert_eq!(asked.query.measures, [Measure::Mos]);
    }

    #[test]
    fn the_period_before_is_as_long() {
        let asked = read("Previous=true&Interval=day&TimeZone=europe/berlin").unwrap();
        assert_eq!(asked.zone, "Europe/Berlin");
        let filter = asked.previous.unwrap().filter;
        let range = [filter.started_from, filter.ended_until].map(|at| at.to_string());
        assert_eq!(
            range,
            ["2026-05-02T00:00:00Z", "2026-05-31T23:59:59.999999Z"]
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        refused(
            "Interval=fortnight",
            "Invalid Interval 'fortnight'. Expected one of minute, quarter_hour,",
        );
        refused(
            "Interval=minute",
            "Invalid Interval 'minute'. Expected one that has at most 10000",
        );
        refused(
            "TimeZone=Berlin",
            "Invalid TimeZone 'Berlin'. Expected a name of the IANA",
        );
        refused(
            "GroupBy=Colour",
            "Invalid GroupBy 'Colour'. Expected one or two of From, To,",
        );
        refused(
            "GroupBy=Tag,Tag",
            "Invalid GroupBy 'Tag,Tag'. Expected one or two different",
        );
        refused(
            "GroupBy=Tag,Spam,From",
            "Invalid GroupBy 'Tag,Spam,From'. Expected one or two",
        );
        refused(
            "Measures=calls,asr",
            "Invalid Measures 'asr'. Expected one of calls, answered,",
        );
        refused(
            "OrderBy=-asr",
            "Invalid OrderBy '-asr'. Expected one of calls, answered,",
        );
        refused("Previous=1", "Invalid Previous '1'. Expected true or false");
        refused(
            "Limit=0",
            "Invalid Limit '0'. Expected an integer from 1 to 1000",
        );
    }
}
