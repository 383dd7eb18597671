//! What calls are grouped by.

use sidetone_core::search;
use sidetone_core::summary::CallSummary;
use sidetone_store::statistics::GroupValue;
use sidetone_store::statistics::column::{Arity, Cell, Cells, Column, Own};

use super::definition::AGENT;
use crate::dimension::{self, Dimension};

/// What calls are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// A dimension of Statistics.
    Dimension(&'static Dimension),
    /// Who spoke on our own side.
    Agent,
}

impl GroupBy {
    /// What is called so.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if name == AGENT {
            return Some(Self::Agent);
        }
        dimension::find(name).map(Self::Dimension)
    }

    /// Whether a group is the number or name of a party of its calls.
    #[must_use]
    pub const fn is_party(self) -> bool {
        match self {
            Self::Agent => true,
            Self::Dimension(dimension) => {
                matches!(dimension.column, Column::Own(Own::From | Own::To))
            }
        }
    }

    /// Whether a group is somebody's number or name, or may hold one.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        match self {
            Self::Agent => true,
            Self::Dimension(dimension) => {
                matches!(
                    dimension.column,
                    Column::Own(Own::From | Own::To | Own::Comment | Own::Incident)
                )
            }
        }
    }

    /// The groups of a call; none where it is not known.
    pub(super) fn groups_of(self, summary: &CallSummary, cells: &Cells<'_>) -> Vec<String> {
        let dimension = match self {
            Self::Dimension(dimension) => dimension,
            Self::Agent => {
                let parties = [&summary.facts.from, &summary.facts.to];
                let agents = search::agents(summary).into_iter().zip(parties);
                let agents = agents.filter(|(is_agent, _)| *is_agent);
                let named = agents.filter_map(|(_, party)| party.address.as_deref());
                return named
                    .map(|address| search::identity(address).to_owned())
                    .collect();
            }
        };
        let mut cells = cells.cells.iter();
        let Some((column, cell)) = cells.find(|(column, _)| *column == dimension.column) else {
            return Vec::new();
        };
        let values = match (column.arity(), cell) {
            (Arity::Bits, Cell::Number(bits)) => (0..64)
                .filter(|bit| bits >> bit & 1 == 1)
                .map(GroupValue::Number)
                .collect(),
            (_, Cell::Number(number)) => vec![GroupValue::Number(*number)],
            (Arity::Lines, Cell::Text(lines)) => lines
                .split('\n')
                .map(|line| GroupValue::Text(line.to_owned()))
                .collect(),
            (_, Cell::Text(text)) => vec![GroupValue::Text(text.to_string())],
        };
        values
            .iter()
            .filter_map(|value| told(dimension, value))
            .collect()
    }
}

/// A value of a dimension as text. `None`: it is not known.
#[must_use]
pub fn told(dimension: &Dimension, value: &GroupValue) -> Option<String> {
    match dimension.tell(value) {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
