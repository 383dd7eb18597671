//! Parts of an axis.

use crate::rows::paging::Toward;
use sidetone_store::page::Place;

/// Keys from one to another, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// The part of a span that lies beyond a place, in a direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) span: Span,
    pub(crate) toward: Toward,
    pub(crate) from: Option<Place>,
}

impl Part {
    pub(crate) fn of(span: Span, toward: Toward, from: Option<Place>) -> Option<Self> {
        let mut span = span;
        if let Some(from) = from {
            match toward {
                Toward::End => span.high = span.high.min(from.key),
                Toward::Beginning => span.low = span.low.max(from.key),
            }
        }
        (span.low <= span.high).then_some(Self { span, toward, from })
    }

    pub(crate) fn within(self, other: Span) -> Option<Self> {
        let span = Span {
            low: self.span.low.max(other.low),
            high: self.span.high.min(other.high),
        };
        (span.low <= span.high).then_some(Self { span, ..self })
    }

    /// What is left when a span is done with.
    pub(crate) fn beyond(self, other: Span) -> Option<Self> {
        let mut span = self.span;
        match self.toward {
            Toward::End => span.high = span.high.min(other.low.saturating_sub(1)),
            Toward::Beginning => span.low = span.low.max(other.high.saturating_add(1)),
        }
        (span.low <= span.high).then_some(Self { span, ..self })
    }

    pub(crate) fn holds(self, place: Place) -> bool {
        (self.span.low..=self.span.high).contains(&place.key)
            && self.from.is_none_or(|from| match self.toward {
                Toward::End => place < from,
                Toward::Beginning => place > from,
            })
    }
}
