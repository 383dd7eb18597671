//! What a rule watches, and what each call adds to it. Figures are those of Statistics, so that an
//! alert and the statistic of its calls agree.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sidetone_core::closed_set;
use sidetone_core::statistics::{Measure, Seizure};
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Cell, Cells, Column, Own};

closed_set!(
    /// What is watched of a figure that is spread.
    Part {
        /// Its mean.
        Mean = "avg",
        /// Its median.
        P50 = "p50",
        /// What 95 of 100 calls do not exceed.
        P95 = "p95",
        /// What 99 of 100 calls do not exceed.
        P99 = "p99",
    }
);

closed_set!(
    /// What is watched of the server itself.
    Health {
        /// Time since the last packet of an agent of HEP, s.
        SourceSilence = "source_silence",
        /// Deliveries that were given up and are kept.
        DeadLetters = "dead_letters",
        /// Time until the disk is full, as forecast, hours.
        DiskFullIn = "disk_full_in",
    }
);

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Watched {
    /// How many calls there are.
    Calls,
    /// The share of some calls among others, percent.
    Share,
    /// A share of Statistics, percent.
    Ratio(Measure),
    /// The mean score that people gave.
    Score,
    /// A figure of each call.
    Spread(Measure, Part),
    /// The server itself.
    Health(Health),
}

const RATIOS: [Measure; 6] = [
    Measure::AnswerSeizureRatio,
    Measure::NetworkEffectivenessRatio,
    Measure::Measured,
    Measure::Tagged,
    Measure::Annotated,
    Measure::Spam,
];
const SPREADS: [Measure; 9] = [
    Measure::Duration,
    Measure::ConnectDuration,
    Measure::Pdd,
    Measure::PacketLoss,
    Measure::Jitter,
    Measure::Rtt,
    Measure::Mos,
    Measure::Talk,
    Measure::QueueTime,
];

impl Watched {
    /// Every one of them, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        let ratios = RATIOS.into_iter().map(Self::Ratio);
        let spreads = SPREADS.into_iter().flat_map(|measure| {
            Part::ALL
                .iter()
                .map(move |part| Self::Spread(measure, *part))
        });
        let health = Health::ALL.iter().copied().map(Self::Health);
        [Self::Calls, Self::Share, Self::Score]
            .into_iter()
            .chain(ratios)
            .chain(spreads)
            .chain(health)
    }

    /// What a call adds: a figure in the unit of its column, or 1 where it is one of those that a
    /// share is of, and 0 where it is not. `None`: it is not counted. Not of [`Self::Share`], where
    /// it is the filters that tell.
    #[must_use]
    pub fn adds(self, cells: &Cells<'_>) -> Option<u32> {
        let number = |column: Column| {
            let cell = cells.cells.iter().find(|(of, _)| *of == column)?;
            match cell.1 {
                Cell::Number(number) => Some(u32::try_from(number).unwrap_or(u32::MAX)),
                Cell::Text(_) => None,
            }
        };
        let own = |own| number(Column::Own(own));
        let facet = |facet| number(Column::Facet(facet));
        let flag = |number: Option<u32>| Some(u32::from(number.is_some_and(|it| it != 0)));
        let (answered, effective) = (Seizure::Answered as u32, Seizure::Effective as u32);
        match self {
            Self::Calls | Self::Share => Some(1),
            Self::Score => facet(Facet::CallScore).filter(|score| (1..=5).contains(score)),
            Self::Ratio(Measure::AnswerSeizureRatio) => {
                own(Own::Seizure).map(|outcome| u32::from(outcome == answered))
            }
            Self::Ratio(Measure::NetworkEffectivenessRatio) => own(Own::Seizure)
                .map(|outcome| u32::from(outcome == answered || outcome == effective)),
            Self::Ratio(Measure::Measured) => flag(own(Own::Measured)),
            Self::Ratio(Measure::Tagged) => flag(facet(Facet::HasTag)),
            Self::Ratio(Measure::Annotated) => flag(facet(Facet::Judged)),
            Self::Ratio(Measure::Spam) => facet(Facet::Spam).map(|spam| u32::from(spam != 0)),
            Self::Spread(measure, _) => own(match measure {
                Measure::Duration => Own::Duration,
                Measure::ConnectDuration => Own::ConnectDuration,
                Measure::Pdd => Own::Pdd,
                Measure::PacketLoss => Own::PacketLoss,
                Measure::Jitter => Own::Jitter,
                Measure::Rtt => Own::Rtt,
                Measure::Mos => Own::Mos,
                Measure::Talk => Own::Talk,
                Measure::QueueTime => Own::QueueTime,
                _ => return None,
            }),
            Self::Ratio(_) | Self::Health(_) => None,
        }
    }

    /// Whether it is a share, whose bounds are known by how many calls it is of.
    #[must_use]
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Share | Self::Ratio(_))
    }

    /// By how much the figures of calls are larger than what is told.
    #[must_use]
    pub const fn scale(self) -> f64 {
        match self {
            Self::Spread(
                Measure::PacketLoss | Measure::Jitter | Measure::Rtt | Measure::Mos,
                _,
            ) => 1000.0,
            _ => 1.0,
        }
    }

    /// The unit that it is told in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Share | Self::Ratio(_) | Self::Spread(Measure::PacketLoss, _) => "%",
            Self::Spread(Measure::Duration | Measure::ConnectDuration | Measure::Talk, _)
            | Self::Health(Health::SourceSilence) => "s",
            Self::Spread(Measure::Mos, _) | Self::Score => "",
            Self::Spread(..) => "ms",
            Self::Health(Health::DeadLetters) => "deliveries",
            Self::Health(Health::DiskFullIn) => "h",
        }
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls => f.write_str("calls"),
            Self::Share => f.write_str("share"),
            Self::Score => f.write_str(Measure::CallScore.as_str()),
            Self::Ratio(measure) => f.write_str(measure.as_str()),
            Self::Spread(measure, part) => write!(f, "{measure}.{part}"),
            Self::Health(health) => f.write_str(health.as_str()),
        }
    }
}

/// There is nothing of this name to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing of this name is watched")]
pub struct NotWatched;

impl FromStr for Watched {
    type Err = NotWatched;

    fn from_str(text: &str) -> Result<Self, NotWatched> {
        let mut all = Self::all();
        all.find(|watched| watched.to_string() == text)
            .ok_or(NotWatched)
    }
}

impl From<Watched> for String {
    fn from(watched: Watched) -> Self {
        watched.to_string()
    }
}

impl TryFrom<String> for Watched {
    type Error = NotWatched;

    fn try_from(text: String) -> Result<Self, NotWatched> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let mut names: Vec<String> = Watched::all().map(|it| it.to_string()).collect();
        for (watched, name) in Watched::all().zip(&names) {
            assert_eq!(name.parse(), Ok(watched));
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!("pdd.p90".parse::<Watched>(), Err(NotWatched));
    }
}
