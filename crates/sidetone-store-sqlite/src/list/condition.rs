//! One condition on a column of `call`, and the SQL that says it.

use std::ops::RangeInclusive;

use rusqlite::Statement;
use rusqlite::types::Value;
use sidetone_core::vocabulary::ProcessingState;

use crate::rollups::{figures, judged};
use crate::rows::facet::FACETS;
use sidetone_store::facets::Facet;

/// What a facet must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// One of some values.
    Any(Vec<i64>),
    /// A figure from one to another.
    Between(RangeInclusive<i64>),
}

/// What one facet must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) facet: Facet,
    pub(crate) wanted: Wanted,
}

impl Condition {
    pub(crate) const fn any(facet: Facet, values: Vec<i64>) -> Self {
        let wanted = Wanted::Any(values);
        Self { facet, wanted }
    }

    /// Whether it hardly narrows a list: in the end all calls are complete.
    pub(crate) fn is_met_by_most(&self) -> bool {
        let complete = ProcessingState::Complete.index().into();
        let is_wanted = matches!(&self.wanted, Wanted::Any(values) if values.contains(&complete));
        self.facet == Facet::Processing && is_wanted
    }

    /// The bits of figures of which a call must have one; `None`: it is on no figure.
    pub(crate) fn figures(&self) -> Option<u64> {
        match &self.wanted {
            Wanted::Any(values) => figures::mask_of_any(self.facet, values),
            Wanted::Between(range) => figures::mask_between(self.facet, range),
        }
    }

    /// The bits of annotations of which a call must have one; `None`: it is on no annotation.
    pub(crate) fn judged(&self) -> Option<u64> {
        match &self.wanted {
            Wanted::Any(values) => judged::mask_of_any(self.facet, values),
            Wanted::Between(_) => None,
        }
    }

    /// The values of which it must be one; `None`: it is a range.
    pub(crate) fn values(&self) -> Option<&[i64]> {
        match &self.wanted {
            Wanted::Any(values) => Some(values),
            Wanted::Between(_) => None,
        }
    }

    /// Adds it to a statement's `where`, and its values.
    pub(crate) fn write(&self, sql: &mut String, values: &mut Vec<Value>) {
        sql.push_str(" and ");
        sql.push_str(FACETS[self.facet as usize].column);
        match &self.wanted {
            Wanted::Any(wanted) if self.facet.is_set() => {
                sql.push_str(" & ? <> 0");
                let bits = wanted.iter().fold(0, |bits, place| bits | 1_i64 << place);
                values.push(bits.into());
            }
            Wanted::Any(wanted) => one_of(sql, values, wanted.iter().copied()),
            Wanted::Between(range) => {
                sql.push_str(" between ? and ?");
                values.extend([*range.start(), *range.end()].map(Value::from));
            }
        }
    }
}

/// What stands before it is one of some values.
pub(super) fn one_of<T: Into<Value>>(
    sql: &mut String,
    values: &mut Vec<Value>,
    wanted: impl ExactSizeIterator<Item = T>,
) {
    if wanted.len() == 1 {
        sql.push_str(" = ?");
    } else {
        sql.push_str(" in (?");
        sql.push_str(&", ?".repeat(wanted.len().saturating_sub(1)));
        sql.push(')');
    }
    values.extend(wanted.map(Into::into));
}

/// Binds values to a statement's parameters, in order.
pub(crate) fn bind<'a>(
    statement: &mut Statement<'_>,
    values: impl IntoIterator<Item = &'a Value>,
) -> rusqlite::Result<()> {
    for (at, value) in (1..).zip(values) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}
