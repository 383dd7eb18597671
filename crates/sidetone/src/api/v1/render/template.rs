//! A summary as it is stored for its readers: written when it is folded, and filled in when it is
//! read with the little that is only known then.
//!
//! It is the state, and three JSON objects whose members follow one another in the answer, between
//! what is filled in. NUL is between these parts: there is none in JSON.

use serde::Serialize;
use serde::ser::Error;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::{CallRecord, Rendered, Shown};

use super::SummaryUrl;
use super::annotation::NestedAnnotation;
use super::summary::{Agents, Observed, State, render};

/// How templates are made. A greater one with each change of what a summary shows or how it is
/// written: those that are stored are then not read any more, and made anew when their call is
/// folded again.
pub const FORM: u8 = 1;

/// What is filled in is no longer, as a rule.
const FILLING_BYTES: usize = 512;

/// Makes the template of a summary. `None`: it is another system's, and what is said of the call
/// decides how it is shown.
#[must_use]
pub fn of(summary: &CallSummary) -> Option<Rendered> {
    if summary.imported.is_some() {
        return None;
    }
    let mut bytes = summary.processing.as_str().as_bytes().to_vec();
    // Only a value that JSON cannot hold keeps it from being written, and there is none.
    add(&mut bytes, &State::of(summary)).ok()?;
    add(&mut bytes, &Observed::of(summary)).ok()?;
    add(&mut bytes, &Agents::of(summary)).ok()?;
    Some(Rendered { form: FORM, bytes })
}

fn add(bytes: &mut Vec<u8>, part: &impl Serialize) -> serde_json::Result<()> {
    bytes.push(0);
    serde_json::to_writer(bytes, part)
}

/// The state, and the three objects. The one that is long is not looked through.
fn parts(template: &[u8]) -> Option<[&[u8]; 4]> {
    let is_between = |byte: &u8| *byte == 0;
    let mut front = template.splitn(3, is_between);
    let (state, first, rest) = (front.next()?, front.next()?, front.next()?);
    let mut back = rest.rsplitn(2, is_between);
    let (last, long) = (back.next()?, back.next()?);
    Some([state, first, long, last])
}

/// The members of the three objects. `None`: it is no template.
fn members(template: &[u8]) -> Option<[&[u8]; 3]> {
    let [_, first, long, last] = parts(template)?;
    Some([inside(first)?, inside(long)?, inside(last)?])
}

/// The members of an object that has some.
fn inside(object: &[u8]) -> Option<&[u8]> {
    let members = object.strip_prefix(b"{")?.strip_suffix(b"}")?;
    (!members.is_empty()).then_some(members)
}

/// Whether a summary is complete.
///
/// # Errors
/// When what is stored is no template.
pub fn is_complete(shown: &Shown) -> serde_json::Result<bool> {
    let complete = ProcessingState::Complete;
    match shown {
        Shown::Rendered(template) => {
            let [state, ..] = parts(template).ok_or_else(no_template)?;
            Ok(state == complete.as_str().as_bytes())
        }
        Shown::Summary(summary) => Ok(summary.processing == complete),
    }
}

fn no_template() -> serde_json::Error {
    serde_json::Error::custom("what is stored of the summary for its readers is no template")
}

/// Writes a call's summary.
///
/// # Errors
/// When what is stored is no template, or cannot be written as JSON.
pub fn write(
    json: &mut Vec<u8>,
    record: &CallRecord<Shown>,
    shown: &Shown,
    url: SummaryUrl<'_>,
) -> serde_json::Result<()> {
    match shown {
        Shown::Rendered(template) => fill(json, template, record, url),
        Shown::Summary(summary) => serde_json::to_writer(json, &render(record, summary, url)),
    }
}

fn fill(
    json: &mut Vec<u8>,
    template: &[u8],
    record: &CallRecord<Shown>,
    url: SummaryUrl<'_>,
) -> serde_json::Result<()> {
    let [first, long, last] = members(template).ok_or_else(no_template)?;
    json.reserve(template.len() + FILLING_BYTES);
    let call = record.call;
    json.extend_from_slice(b"{\"account_sid\":");
    serde_json::to_writer(&mut *json, &call.account)?;
    json.extend_from_slice(b",\"call_sid\":");
    serde_json::to_writer(&mut *json, &call.sid)?;
    json.push(b',');
    json.extend_from_slice(first);
    json.extend_from_slice(b",\"processing_version\":");
    serde_json::to_writer(&mut *json, &record.processing_version)?;
    json.push(b',');
    json.extend_from_slice(long);
    json.extend_from_slice(b",\"annotation\":");
    serde_json::to_writer(&mut *json, &NestedAnnotation::of(call, &record.annotation))?;
    json.push(b',');
    json.extend_from_slice(last);
    json.extend_from_slice(b",\"url\":");
    serde_json::to_writer(&mut *json, &url)?;
    json.push(b'}');
    Ok(())
}
