//! A filter, translated: conditions on columns of `call`, and the SQL that says them.

use rusqlite::types::Value;
use rusqlite::{Connection, Statement};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::search;
use sidetone_core::vocabulary::ProcessingState;

use crate::error::Result;
use crate::rows::address::{Side, address_hash};
use crate::rows::facet::{self, FACETS};
use crate::rows::terms;
use sidetone_store::facets::{self, Facet};

/// More different user agents than these are not looked for one by one: a piece that so many have
/// in them is one that many calls have.
const USER_AGENTS_MAX: usize = 256;

/// One facet must have one of some values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) facet: Facet,
    pub(crate) wanted: Vec<i64>,
}

impl Condition {
    /// Whether it hardly narrows a list: in the end all calls are complete.
    pub(crate) fn is_met_by_most(&self) -> bool {
        let complete = ProcessingState::Complete.index().into();
        self.facet == Facet::Processing && self.wanted.contains(&complete)
    }
}

/// Addresses one party must have one of.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) hashes: Vec<i64>,
    addresses: Vec<String>,
}

/// Everything a call must be.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    pub(crate) facets: Vec<Condition>,
    from: Option<Party>,
    to: Option<Party>,
    /// Either party.
    number: Option<Party>,
    /// A piece of a user agent, where too many have it to be named in `facets`.
    user_agent: Option<String>,
    started_from_us: i64,
    ended_until_us: i64,
    include_running: bool,
}

impl Conditions {
    /// Translates a filter. `None`: nothing can match, because a wanted text occurs nowhere.
    pub(crate) fn of(conn: &Connection, filter: &SummaryFilter) -> Result<Option<Self>> {
        let mut facets = Vec::new();
        for (facet, values) in facets::wanted(filter) {
            let mut wanted = Vec::with_capacity(values.len());
            for value in values {
                wanted.extend(facet::stored(&value, |text| terms::find(conn, text))?);
            }
            if wanted.is_empty() {
                return Ok(None);
            }
            facets.push(Condition { facet, wanted });
        }
        let mut user_agent = filter.user_agent.as_deref().map(search::user_agent);
        if let Some(piece) = &user_agent {
            let wanted = terms::with_user_agent(conn, piece, USER_AGENTS_MAX + 1)?;
            if wanted.is_empty() {
                return Ok(None);
            }
            if wanted.len() <= USER_AGENTS_MAX {
                let facet = Facet::UserAgents;
                facets.push(Condition { facet, wanted });
                user_agent = None;
            }
        }
        for condition in &mut facets {
            condition.wanted.sort_unstable();
            condition.wanted.dedup();
        }
        Ok(Some(Self {
            facets,
            from: Party::of(&filter.from),
            to: Party::of(&filter.to),
            number: Party::of(&filter.number),
            user_agent,
            started_from_us: filter.started_from.micros(),
            ended_until_us: filter.ended_until.micros(),
            include_running: filter.include_running,
        }))
    }

    /// The parties that are wanted, and on which sides.
    pub(crate) fn parties(&self) -> impl Iterator<Item = (&'static [Side], &Party)> {
        [
            (&[Side::From][..], &self.from),
            (&[Side::To], &self.to),
            (&[Side::From, Side::To], &self.number),
        ]
        .into_iter()
        .filter_map(|(sides, party)| Some((sides, party.as_ref()?)))
    }

    /// Adds the conditions to a statement's `where`, and their values.
    pub(crate) fn write(&self, sql: &mut String, values: &mut Vec<Value>) {
        sql.push_str(" and start_us >= ?");
        values.push(self.started_from_us.into());
        sql.push_str(if self.include_running {
            " and (ended_us is null or ended_us <= ?)"
        } else {
            " and ended_us <= ?"
        });
        values.push(self.ended_until_us.into());
        for condition in &self.facets {
            let Condition { facet, wanted } = condition;
            sql.push_str(" and ");
            sql.push_str(FACETS[*facet as usize].column);
            if facet.is_set() {
                sql.push_str(" & ? <> 0");
                let bits = wanted.iter().fold(0, |bits, place| bits | 1_i64 << place);
                values.push(bits.into());
            } else {
                one_of(sql, wanted.len());
                values.extend(wanted.iter().map(|value| Value::from(*value)));
            }
        }
        if let Some(piece) = &self.user_agent {
            sql.push_str(
                " and exists (select 1 from term where term.id = user_agents and instr(text, ?))",
            );
            values.push(piece.clone().into());
        }
        for (sides, party) in self.parties() {
            for (place, side) in sides.iter().enumerate() {
                sql.push_str(if place == 0 { " and (" } else { " or " });
                sql.push_str(side.address_column());
                one_of(sql, party.addresses.len());
                let addresses = party.addresses.iter();
                values.extend(addresses.map(|address| Value::from(address.clone())));
            }
            sql.push(')');
        }
    }
}

impl Party {
    fn of(addresses: &[String]) -> Option<Self> {
        let mut addresses = addresses.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        let hashes = addresses.iter().map(|address| address_hash(address));
        let mut hashes: Vec<i64> = hashes.collect();
        hashes.sort_unstable();
        hashes.dedup();
        (!addresses.is_empty()).then_some(Self { hashes, addresses })
    }
}

fn one_of(sql: &mut String, count: usize) {
    if count == 1 {
        sql.push_str(" = ?");
    } else {
        sql.push_str(" in (?");
        sql.push_str(&", ?".repeat(count.saturating_sub(1)));
        sql.push(')');
    }
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
