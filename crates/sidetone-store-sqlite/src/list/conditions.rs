//! A filter, translated: everything a call must be, and the SQL that says it.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::Value;
use sidetone_core::filter::{self, SummaryFilter};
use sidetone_core::id::CallSid;
use sidetone_core::search;
use sidetone_core::time::TimeUs;

use super::condition::{Condition, Wanted, one_of};
use crate::error::Result;
use crate::rows::address::{Side, address_hash, hash};
use crate::rows::{facet, terms};
use crate::summary::alias;
use sidetone_store::facets::{Facet, asked};

/// More different user agents than these are not looked for one by one: a fragment that so many have
/// in them is one that many calls have.
const USER_AGENTS_MAX: usize = 256;

/// An annotation's comment. What is damaged has none: such a call is left out, and named.
const COMMENT: &str = "case when json_valid(annotation) then annotation ->> '$.comment' end";

/// Addresses one party must have one of.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) hashes: Vec<i64>,
    addresses: Vec<String>,
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

/// One of these must be true of a call.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    /// Of either party.
    pub(crate) hashes: Vec<i64>,
    /// Rows that something names.
    pub(crate) ids: BTreeSet<i64>,
    pub(crate) incident: Option<i64>,
    /// A fragment of the comment, in lower case.
    pub(crate) comment: Option<String>,
}

impl Needle {
    fn of(conn: &Connection, account: i64, needle: &filter::Needle) -> Result<Self> {
        let mut ids = BTreeSet::new();
        for sid in &needle.calls {
            ids.extend(alias::calls(conn, account, *sid)?);
        }
        let mut hashes: Vec<i64> = needle.parties.iter().map(|party| hash(party)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Ok(Self {
            hashes,
            ids,
            incident: needle.incident.as_deref().map(hash),
            comment: needle.comment.as_deref().map(search::lowercase),
        })
    }

    fn write(&self, sql: &mut String, values: &mut Vec<Value>) {
        sql.push_str(" and (false");
        if !self.hashes.is_empty() {
            for side in [Side::From, Side::To] {
                sql.push_str(" or ");
                sql.push_str(side.hash_column());
                one_of(sql, values, self.hashes.iter().copied());
            }
        }
        if !self.ids.is_empty() {
            sql.push_str(" or id");
            one_of(sql, values, self.ids.iter().copied());
        }
        if let Some(incident) = self.incident {
            sql.push_str(" or incident = ?");
            values.push(incident.into());
        }
        if let Some(fragment) = &self.comment {
            sql.push_str(&format!(" or instr(lowercase({COMMENT}), ?)"));
            values.push(fragment.clone().into());
        }
        sql.push(')');
    }
}

/// Everything a call must be.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    pub(crate) facets: Vec<Condition>,
    /// The rows of the calls that are named.
    pub(crate) ids: Option<BTreeSet<i64>>,
    /// Fragments of the comment, in lower case.
    pub(crate) comment: Vec<String>,
    from: Option<Party>,
    to: Option<Party>,
    /// Either party.
    number: Option<Party>,
    /// Either party, where it is an agent: hashes only, the host of a SIP user does not count.
    agent: Option<Party>,
    /// Fragments of a user agent, where too many have them to be named in `facets`.
    user_agent: Vec<String>,
    is_unjudged: bool,
    pub(crate) needle: Option<Needle>,
    unwanted: Vec<Self>,
    pub(crate) started_from_us: i64,
    /// `None`: whenever they started.
    pub(crate) started_before_us: Option<i64>,
    ended_until_us: i64,
    include_running: bool,
}

impl Conditions {
    /// Translates a filter. `None`: nothing can match, because a wanted text or call is nowhere, or it
    /// contradicts itself.
    pub(crate) fn of(
        conn: &Connection,
        account: i64,
        filter: &SummaryFilter,
    ) -> Result<Option<Self>> {
        let mut facets = Vec::new();
        for (facet, values) in asked::wanted(filter) {
            let mut wanted = Vec::with_capacity(values.len());
            for value in values {
                wanted.extend(facet::stored(facet, &value, |text| {
                    terms::find(conn, text)
                })?);
            }
            facets.push((facet, wanted));
        }
        let mut user_agent: Vec<String> = filter
            .user_agent
            .iter()
            .map(|fragment| search::user_agent(fragment))
            .collect();
        if !user_agent.is_empty() {
            let mut wanted = Vec::new();
            for fragment in &user_agent {
                wanted.extend(terms::with_user_agent(conn, fragment, USER_AGENTS_MAX + 1)?);
            }
            if wanted.len() <= USER_AGENTS_MAX {
                facets.push((Facet::UserAgents, wanted));
                user_agent.clear();
            }
        }
        if !filter.codec.is_empty() {
            let mut wanted = Vec::new();
            for codec in &filter.codec {
                wanted.extend(terms::with_codec(conn, codec)?);
            }
            facets.push((Facet::Codecs, wanted));
        }
        for (_, wanted) in &mut facets {
            wanted.sort_unstable();
            wanted.dedup();
        }
        let ids = named(conn, account, filter)?;
        let is_nowhere = |(_, wanted): &(Facet, Vec<i64>)| wanted.is_empty();
        if facets.iter().any(is_nowhere) || ids.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(None);
        }
        // Of a call of which nothing was said, nothing was said.
        let is_unjudged = filter.annotated == Some(false);
        if is_unjudged && facets.iter().any(|(facet, _)| facet.is_judged()) {
            return Ok(None);
        }
        let ranges = asked::ranges(filter).into_iter().map(|(facet, range)| {
            let range = i64::from(*range.start())..=i64::from(*range.end());
            let wanted = Wanted::Between(range);
            Condition { facet, wanted }
        });
        let facets = facets
            .into_iter()
            .map(|(facet, wanted)| Condition::any(facet, wanted));
        let mut unwanted = Vec::new();
        for filter in &filter.unwanted {
            unwanted.extend(Self::of(conn, account, filter)?);
        }
        Ok(Some(Self {
            facets: facets.chain(ranges).collect(),
            ids,
            comment: filter
                .comment
                .iter()
                .map(|fragment| search::lowercase(fragment))
                .collect(),
            from: Party::of(&filter.from),
            to: Party::of(&filter.to),
            number: Party::of(&filter.number),
            agent: Party::of(&filter.agent),
            user_agent,
            is_unjudged,
            needle: match &filter.needle {
                Some(needle) => Some(Needle::of(conn, account, needle)?),
                None => None,
            },
            unwanted,
            started_from_us: filter.started_from.micros(),
            started_before_us: (filter.started_before < TimeUs::from_micros(i64::MAX))
                .then(|| filter.started_before.micros()),
            ended_until_us: filter.ended_until.micros(),
            include_running: filter.include_running,
        }))
    }

    /// The parties that are wanted, and on which sides.
    pub(crate) fn parties(&self) -> impl Iterator<Item = (&'static [Side], &Party)> {
        self.addressed()
            .into_iter()
            .chain([(&[Side::From, Side::To][..], &self.agent)])
            .filter_map(|(sides, party)| Some((sides, party.as_ref()?)))
    }

    /// Those of whom the whole address counts.
    const fn addressed(&self) -> [(&'static [Side], &Option<Party>); 3] {
        [
            (&[Side::From], &self.from),
            (&[Side::To], &self.to),
            (&[Side::From, Side::To], &self.number),
        ]
    }

    /// Whether nothing but facets, the earliest start and the latest end is asked for.
    pub(crate) fn is_of_facets_only(&self) -> bool {
        self.ids.is_none()
            && self.started_before_us.is_none()
            && self.comment.is_empty()
            && self.user_agent.is_empty()
            && !self.is_unjudged
            && self.needle.is_none()
            && self.unwanted.is_empty()
            && self.parties().next().is_none()
    }

    /// Adds the conditions to a statement's `where`, and their values.
    pub(crate) fn write(&self, sql: &mut String, values: &mut Vec<Value>) {
        sql.push_str(" and start_us >= ?");
        values.push(self.started_from_us.into());
        if let Some(before_us) = self.started_before_us {
            sql.push_str(" and start_us < ?");
            values.push(before_us.into());
        }
        sql.push_str(if self.include_running {
            " and (ended_us is null or ended_us <= ?)"
        } else {
            " and ended_us <= ?"
        });
        values.push(self.ended_until_us.into());
        self.write_facts(sql, values);
    }

    /// The same but for the times.
    fn write_facts(&self, sql: &mut String, values: &mut Vec<Value>) {
        for condition in &self.facets {
            condition.write(sql, values);
        }
        if let Some(ids) = &self.ids {
            sql.push_str(" and id");
            one_of(sql, values, ids.iter().copied());
        }
        if self.is_unjudged {
            sql.push_str(" and judged is null");
        }
        if !self.user_agent.is_empty() {
            sql.push_str(" and exists (select 1 from term where term.id = user_agents and (false");
            for fragment in &self.user_agent {
                sql.push_str(" or instr(text, ?)");
                values.push(fragment.clone().into());
            }
            sql.push_str("))");
        }
        for (sides, party) in self.addressed() {
            let Some(party) = party else { continue };
            for (place, side) in sides.iter().enumerate() {
                sql.push_str(if place == 0 { " and (" } else { " or " });
                sql.push_str(side.address_column());
                one_of(sql, values, party.addresses.iter().cloned());
            }
            sql.push(')');
        }
        if let Some(agent) = &self.agent {
            for (bit, side) in [(1, Side::From), (2, Side::To)] {
                sql.push_str(if bit == 1 { " and (" } else { " or " });
                sql.push_str(&format!("agents & {bit} and {}", side.hash_column()));
                one_of(sql, values, agent.hashes.iter().copied());
            }
            sql.push(')');
        }
        // The dearest last.
        if !self.comment.is_empty() {
            sql.push_str(" and (false");
            for fragment in &self.comment {
                sql.push_str(&format!(" or instr(lowercase({COMMENT}), ?)"));
                values.push(fragment.clone().into());
            }
            sql.push(')');
        }
        if let Some(needle) = &self.needle {
            needle.write(sql, values);
        }
        for unwanted in &self.unwanted {
            sql.push_str(" and (true");
            unwanted.write_facts(sql, values);
            sql.push_str(") is not true");
        }
    }
}

/// The rows of the calls that a filter names; `None`: it names none.
fn named(conn: &Connection, account: i64, filter: &SummaryFilter) -> Result<Option<BTreeSet<i64>>> {
    let mut named: Option<BTreeSet<i64>> = None;
    let mut narrow = |rows: BTreeSet<i64>| {
        let all = named.take();
        named = Some(match all {
            Some(all) => all.intersection(&rows).copied().collect(),
            None => rows,
        });
    };
    if !filter.call_sid.is_empty() {
        let mut rows = BTreeSet::new();
        for sid in &filter.call_sid {
            rows.extend(alias::row_of(conn, account, *sid)?);
        }
        narrow(rows);
    }
    let calls = |names: &mut dyn Iterator<Item = CallSid>| -> Result<BTreeSet<i64>> {
        let mut rows = BTreeSet::new();
        for name in names {
            rows.extend(alias::calls(conn, account, name)?);
        }
        Ok(rows)
    };
    if !filter.sip_call.is_empty() {
        narrow(calls(&mut filter.sip_call.iter().copied())?);
    }
    if !filter.parent.is_empty() {
        narrow(calls(
            &mut filter.parent.iter().copied().map(alias::within),
        )?);
    }
    Ok(named)
}
