//! What a call is: identifiers, events, correlation, fold, quality, tags.
//!
//! - [`id`], [`time`], [`vocabulary`]: names, points in time, closed sets of words.
//! - [`event`]: an observation of a call. Events are the truth, are only ever added, and carry
//!   [`facts`] (what a source says) or [`media`] (what it measured), or a packet as it was seen on
//!   its way ([`capture`]): [`sip`], [`rtcp`], [`vq`]. Their stored JSON is readable for ever.
//! - [`correlate`]: which call an observation is of: by its source's own name for it, or by the
//!   packets before.
//! - [`fold`]: from the events of a call to its [`summary`]. The same events give the same bytes,
//!   in any order, with any duplicates, at once or in parts that are merged later.
//! - [`quality`], [`tags`], [`rules`]: what counts as bad, by published formulas and versioned
//!   thresholds, and why ([`tag_reason`]). What was not measured is held to none.
//! - [`sides`], [`network`]: who is who around the platform, as its operator says.
//! - [`bucket`]: which of an account's calls are kept together.
//! - [`bounds`]: how long, how deep and between which numbers what others say may be.
//! - [`annotation`], [`feedback`], [`filter`], [`search`]: what people say about a call, and which
//!   calls are asked for.
//!
//! ```
//! use sidetone_core::event::{CallEvent, EventId, Observation, Source, SourceKind, Step};
//! use sidetone_core::fold::fold;
//! use sidetone_core::id::{AccountSid, CallRef};
//! use sidetone_core::rules::Rules;
//! use sidetone_core::time::TimeUs;
//! use sidetone_core::vocabulary::CallState;
//!
//! let account = AccountSid::from_bytes([1; 16]);
//! let sid = sidetone_core::correlate::call_sid(account, "a84b4c76e66710@192.0.2.1");
//! let call = CallRef { account, sid };
//! let step = |id: &str, at: &str, step| CallEvent {
//!     id: EventId::try_from(id.to_owned()).unwrap(),
//!     call,
//!     at: TimeUs::parse_rfc3339(at).unwrap(),
//!     source: Source { kind: SourceKind::Native, agent: None, translator: 1 },
//!     observation: Observation::Progress { step, sequence: None, facts: Box::default() },
//! };
//! let events = [
//!     step("3", "2026-06-01T09:01:00Z", Step::Completed),
//!     step("1", "2026-06-01T09:00:00Z", Step::Initiated),
//!     step("2", "2026-06-01T09:00:06Z", Step::Answered),
//! ];
//! let summary = fold(call, &events, &Rules::built_in());
//! assert_eq!(summary.facts.state, Some(CallState::Completed));
//! assert_eq!(summary.facts.connect_duration_s, Some(54));
//! ```
//!
//! Invariant: nothing here reads a clock, a file, a socket or the environment, and nothing knows a
//! wire format.
#![warn(missing_docs, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[macro_use]
pub mod vocabulary;
pub mod annotation;
pub mod bounds;
pub mod bucket;
pub mod capture;
pub mod correlate;
pub mod event;
pub mod facts;
pub mod feedback;
pub mod filter;
pub mod fold;
pub mod id;
pub mod media;
pub mod network;
mod number;
pub mod parsed;
pub mod quality;
pub mod rtcp;
pub mod rules;
pub mod search;
pub mod sides;
pub mod sip;
pub mod statistics;
mod stored;
pub mod summary;
pub mod tag_reason;
pub mod tags;
pub mod time;
pub mod vq;
