//! What an event for a sink tells, written out when it is sent: what is known of the call by then.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sidetone_core::event::CallEvent;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::fold::Derived;
use sidetone_core::id::{AccountSid, AlertSid, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::PersonalData;
use sidetone_store::{CallRecord, Lookup, Result, Scope, StoreError};
use tokio::sync::Semaphore;

use crate::api::error::ApiError;
use crate::api::mask;
use crate::api::v1::alerts::fired;
use crate::api::v1::filter::{self, alias};
use crate::api::v1::packets::Packets;
use crate::api::v1::render::{CallUrl, SummaryUrl, event, metric, template};
use crate::api::v1::{events, lookup};
use crate::app::{App, Writing};
use crate::streams::event_type::Schema;
use crate::streams::outlets::{Told, Written};
use crate::web::form::Params;

/// Calls whose packets are read for sinks at once.
static READER: Semaphore = Semaphore::const_new(1);
/// How often and how long is waited for the summary of a call that has just begun.
const FOLD_LOOKS: usize = 40;
const FOLD_PAUSE: Duration = Duration::from_millis(50);

/// Reads filters that are kept. They are older than the program that reads them: what it does not
/// know any more selects nothing.
#[must_use]
pub fn filter(text: &str, account: AccountSid, now: TimeUs) -> Option<SummaryFilter> {
    let params = Params::decode(text.as_bytes()).ok()?;
    let params = alias::canonical(&params).ok()?;
    let selection = filter::read(&params, account, now).ok()?;
    // Whenever a call is told of, and however far it is: the events are asked for by type.
    let all = SummaryFilter::all(account);
    Some(SummaryFilter {
        started_from: all.started_from,
        started_before: all.started_before,
        ended_until: all.ended_until,
        include_running: all.include_running,
        processing: all.processing,
        ..selection.filter
    })
}

/// Writes an event out.
#[must_use]
pub fn write(app: App, told: Told) -> Writing {
    Box::pin(async move {
        let mut written = match (told.kind.schema(), told.event.position) {
            (Schema::Alert, _) => return alert(&app, &told).await,
            (Schema::CallSummary, _) => summary(&app, &told).await?.into_iter().collect(),
            (_, Some(position)) => {
                let of_log = logged(&app, &told, position).await?;
                of_log.into_iter().collect()
            }
            (_, None) => of_packets(&app, &told).await?,
        };
        for event in &mut written {
            personal(&app, &mut event.data, &told)?;
        }
        Ok(written)
    })
}

/// An alert, as it is by now. None: it was erased, or has expired.
async fn alert(app: &App, told: &Told) -> Result<Vec<Written>> {
    let sid = AlertSid::from_bytes(told.subject);
    let Some(alert) = app.store.alert(told.event.account, sid).await? else {
        return Ok(Vec::new());
    };
    let base = app.config.public_url.as_deref().unwrap_or_default();
    let owner = told.outlet.account.to_string();
    let pseudonym = |party: &str| Some(app.directory.vault().pseudonym(&owner, party));
    let data = fired::data(
        alert,
        base,
        match told.event.personal_data {
            PersonalData::Keep => None,
            PersonalData::Omit => Some(&|_| None),
            PersonalData::Hash => Some(&pseudonym),
        },
    );
    Ok(vec![Written {
        id: id(told.id.as_bytes()),
        at: told.event.at,
        data: data.map_err(unwritable)?,
    }])
}

/// The call's summary. `None`: there is none any more, or it is not served.
async fn summary(app: &App, told: &Told) -> Result<Option<Written>> {
    let found = app
        .store
        .shown(scope(told), sid(told), template::FORM)
        .await?;
    let Lookup::Found(record) = found else {
        return Ok(None);
    };
    if record.call.account != told.event.account {
        return Ok(None);
    }
    let Some(shown) = &record.summary else {
        return Ok(None);
    };
    if lookup::served(app, record.advanced_features).is_err() {
        return Ok(None);
    }
    let url = CallUrl {
        base: app.config.public_url.as_deref().unwrap_or_default(),
        sid: sid(told),
        part: "/Summary",
    };
    let mut data = Vec::new();
    template::write(&mut data, &record, shown, SummaryUrl::Own(url)).map_err(unwritable)?;
    Ok(Some(Written {
        id: id(told.id.as_bytes()),
        at: told.event.at,
        data,
    }))
}

/// An event of the call's log.
async fn logged(app: &App, told: &Told, position: u64) -> Result<Option<Written>> {
    let Some(record) = folded(app, told).await? else {
        return Ok(None);
    };
    let Some(event) = app.store.event(record.call, position).await? else {
        return Ok(None);
    };
    let data = data_of(told.kind.schema(), &event, record.summary.as_ref())?;
    Ok(data.map(|data| Written {
        id: id(told.id.as_bytes()),
        at: event.at,
        data,
    }))
}

/// What follows from the packets of a call, all of it.
async fn of_packets(app: &App, told: &Told) -> Result<Vec<Written>> {
    let Some(record) = record(app, told).await? else {
        return Ok(Vec::new());
    };
    let Some(summary) = record.summary.as_ref().filter(|it| it.sip.is_some()) else {
        return Ok(Vec::new());
    };
    // One at a time: people who look at packets wait for the same readers.
    let _turn = READER.acquire().await;
    let schema = told.kind.schema();
    let seen: Vec<CallEvent> = match schema {
        Schema::CallEvent => {
            let shown = events::shown(app, &record, summary).await;
            let rows = shown.map_err(unreadable)?.told;
            rows.into_iter().map(|(_, event)| event).collect()
        }
        Schema::CallMetric | Schema::CallSummary | Schema::Alert => {
            let series =
                |derived: Option<Derived>, _| derived.map(|it| it.series).unwrap_or_default();
            let read = Packets::read(app, record.call, None, series).await;
            read.map_err(unreadable)?.told
        }
    };
    let mut written = Vec::new();
    for event in &seen {
        if let Some(data) = data_of(schema, event, Some(summary))? {
            let mut hash = Sha256::new();
            hash.update(told.outlet.sink.as_bytes());
            hash.update(&data);
            written.push(Written {
                id: id(&hash.finalize()),
                at: event.at,
                data,
            });
        }
    }
    Ok(written)
}

/// The call once it has a summary, which says at which edge an event was seen. Of a call that has
/// just begun it comes a moment after the event.
async fn folded(app: &App, told: &Told) -> Result<Option<CallRecord>> {
    for _ in 0..FOLD_LOOKS {
        match record(app, told).await? {
            Some(record) if record.summary.is_none() => tokio::time::sleep(FOLD_PAUSE).await,
            known => return Ok(known),
        }
    }
    record(app, told).await
}

const fn sid(told: &Told) -> CallSid {
    CallSid::from_bytes(told.subject)
}

/// Whose the call is. When it is not there any more, one of a subaccount may be found: that is another.
const fn scope(told: &Told) -> Scope {
    Scope {
        account: told.event.account,
    }
}

async fn record(app: &App, told: &Told) -> Result<Option<CallRecord>> {
    Ok(match app.store.record(scope(told), sid(told)).await? {
        Lookup::Found(record)
            if record.call.account == told.event.account
                && lookup::served(app, record.advanced_features).is_ok() =>
        {
            Some(record)
        }
        Lookup::Found(_) | Lookup::Gone | Lookup::Unknown => None,
    })
}

/// An event as the API has it. `None`: it shows none.
fn data_of(
    schema: Schema,
    event: &CallEvent,
    summary: Option<&CallSummary>,
) -> Result<Option<Vec<u8>>> {
    let data = match schema {
        Schema::CallMetric => metric::render(event).map(|item| serde_json::to_vec(&item)),
        Schema::CallEvent | Schema::CallSummary | Schema::Alert => {
            event::render(event, summary).map(|item| serde_json::to_vec(&item))
        }
    };
    data.transpose().map_err(unwritable)
}

/// Leaves personal data out, or puts digests in its place.
fn personal(app: &App, data: &mut Vec<u8>, told: &Told) -> Result<()> {
    let owner = told.outlet.account.to_string();
    let instead: &dyn Fn(&str) -> Option<String> = match told.event.personal_data {
        PersonalData::Keep => return Ok(()),
        PersonalData::Omit => &|_| None,
        PersonalData::Hash => &|party| Some(app.directory.vault().pseudonym(&owner, party)),
    };
    // Our own URLs are paths of identifiers, which hold no number.
    *data = mask::json_with(data, "", instead)
        .ok_or_else(|| StoreError::Corrupt("an event that is no JSON".into()))?;
    Ok(())
}

/// What an event is known by.
fn id(digest: &[u8]) -> String {
    format!("EZ{}", hex(digest.get(..16).unwrap_or(digest)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("an event cannot be written: {error}"))
}

fn unreadable(_: ApiError) -> StoreError {
    StoreError::Unavailable("the packets of a call could not be read".into())
}
