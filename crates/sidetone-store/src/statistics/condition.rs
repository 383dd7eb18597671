//! A filter, as far as columns answer it.

use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::search;

use super::column::{Arity, Column, Own};
use super::segment::Values;
use crate::facets::{Facet, Value, asked};

/// One thing that a call must have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// In a column, one of some codes.
    Codes(Column, Vec<u64>),
    /// In a column, one of some bits.
    Bits(Column, u64),
    /// In one of some columns, one of some texts.
    Texts(Vec<Column>, Vec<String>),
    /// In a column, a text with one of some pieces in it.
    Pieces(Column, Vec<String>),
    /// In a column, one of some texts among its own.
    Lines(Column, Vec<String>),
    /// Not all of these.
    Unless(Vec<Condition>),
}

/// The conditions of a filter but for its times. `None`: columns do not answer all of them, and calls
/// have to be asked themselves.
pub(super) fn of(filter: &SummaryFilter) -> Option<Vec<Condition>> {
    if !is_answered(filter) {
        return None;
    }
    let mut conditions = Vec::new();
    for (facet, values) in asked::wanted(filter) {
        let column = Column::of(facet)?;
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Value::Number(number) => numbers.push(u64::from(number)),
                Value::Figure(number) => numbers.push(u64::from(number)),
                Value::Text(text) | Value::Name(text) => texts.push(text.to_owned()),
                Value::Set(_) | Value::Texts(_) => return None,
            }
        }
        conditions.push(if !texts.is_empty() {
            Condition::Texts(vec![column], texts)
        } else if column.arity() == Arity::Bits {
            Condition::Bits(
                column,
                numbers
                    .iter()
                    .fold(0, |bits, place| bits | 1 << (place & 63)),
            )
        } else {
            Condition::Codes(column, numbers.iter().map(|number| number + 1).collect())
        });
    }
    let (from, to) = (Column::Own(Own::From), Column::Own(Own::To));
    for (columns, addresses) in [
        (vec![from], &filter.from),
        (vec![to], &filter.to),
        (vec![from, to], &filter.number),
    ] {
        if !addresses.is_empty() {
            conditions.push(Condition::Texts(columns, addresses.clone()));
        }
    }
    if !filter.user_agent.is_empty() {
        let pieces = filter.user_agent.iter();
        let pieces = pieces.map(|piece| search::user_agent(piece)).collect();
        conditions.push(Condition::Pieces(Column::Facet(Facet::UserAgents), pieces));
    }
    for unwanted in &filter.unwanted {
        if !is_timeless(unwanted) {
            return None;
        }
        conditions.push(Condition::Unless(of(unwanted)?));
    }
    Some(conditions)
}

/// Whether a filter is of all times, so that its conditions are all there is of it.
fn is_timeless(filter: &SummaryFilter) -> bool {
    let all = SummaryFilter::all(filter.account);
    filter.started_from == all.started_from
        && filter.started_before == all.started_before
        && filter.ended_until == all.ended_until
        && filter.include_running
}

/// Whether nothing is left of a filter without what is answered here. So a condition that is new is
/// never passed over: it is answered by the calls themselves, until it has a line here.
fn is_answered(filter: &SummaryFilter) -> bool {
    let all = SummaryFilter::all(filter.account);
    let mut rest = SummaryFilter {
        started_from: all.started_from,
        started_before: all.started_before,
        ended_until: all.ended_until,
        include_running: all.include_running,
        processing: ProcessingFilter::All,
        sort_by: all.sort_by,
        ..filter.clone()
    };
    macro_rules! clear {
        ($($field:ident)+) => { $(rest.$field = Default::default();)+ };
    }
    clear! {
        from to number user_agent tag edge measured sip_response incident from_carrier to_carrier from_country to_country verified_caller has_tag call_type
        call_state direction abnormal_session answered_by answered_by_heard connectivity_issue quality_issue spam
        call_score branded_enabled branded_logo branded_bundle_sid branded_type branded_use_case branded_call_reason
        voice_integrity_enabled voice_integrity_bundle_sid voice_integrity_use_case business_bundle_sid
        business_identity business_industry business_type unwanted
    }
    rest == all
}

impl Condition {
    /// The columns it asks.
    pub(super) fn columns(&self) -> Vec<Column> {
        match self {
            Self::Codes(column, _)
            | Self::Bits(column, _)
            | Self::Pieces(column, _)
            | Self::Lines(column, _) => vec![*column],
            Self::Texts(columns, _) => columns.clone(),
            Self::Unless(conditions) => conditions.iter().flat_map(Self::columns).collect(),
        }
    }

    /// Keeps the calls that meet it. They are in order.
    pub(super) fn keep<'v>(&self, calls: &mut Vec<u32>, values: &dyn Fn(Column) -> &'v Values) {
        match self {
            Self::Codes(column, wanted) => {
                let values = values(*column);
                calls.retain(|call| wanted.contains(&values.code(*call as usize)));
            }
            Self::Bits(column, wanted) => {
                let values = values(*column);
                calls.retain(|call| {
                    let bits = values.code(*call as usize).saturating_sub(1);
                    bits & wanted != 0
                });
            }
            Self::Pieces(column, pieces) => keep_lines(calls, values(*column), |line| {
                pieces.iter().any(|piece| line.contains(piece))
            }),
            Self::Lines(column, wanted) => keep_lines(calls, values(*column), |line| {
                wanted.iter().any(|wanted| wanted == line)
            }),
            Self::Texts(columns, wanted) => {
                let is_wanted = |text: &str| wanted.iter().any(|wanted| wanted == text);
                let columns = columns.iter().map(|column| values(*column));
                let columns: Vec<_> = columns.map(|it| (found(it, is_wanted), it)).collect();
                calls.retain(|call| {
                    let mut columns = columns.iter();
                    columns.any(|(found, values)| is_found(found, values, *call))
                });
            }
            Self::Unless(conditions) => {
                let mut met = calls.clone();
                for condition in conditions {
                    condition.keep(&mut met, values);
                }
                calls.retain(|call| met.binary_search(call).is_err());
            }
        }
    }
}

/// Keeps the calls of which one text in a column is wanted.
fn keep_lines(calls: &mut Vec<u32>, values: &Values, is_wanted: impl Fn(&str) -> bool) {
    let found = found(values, |text| text.split('\n').any(&is_wanted));
    calls.retain(|call| is_found(&found, values, *call));
}

/// For each text of a segment whether it is wanted.
fn found(values: &Values, is_wanted: impl Fn(&str) -> bool) -> Vec<bool> {
    values.texts.iter().map(|text| is_wanted(text)).collect()
}

fn is_found(found: &[bool], values: &Values, call: u32) -> bool {
    let place = usize::try_from(values.code(call as usize)).unwrap_or(0);
    place
        .checked_sub(1)
        .and_then(|place| found.get(place))
        .copied()
        .unwrap_or(false)
}
