//! The calls that run when the server starts. A report may have a name that is no Call-ID, or none:
//! then only what its call announced before the start tells whose it is.

use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::id::AccountSid;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::{EventFilter, StoreError};
use tokio::sync::mpsc;

use crate::app::App;

/// Most calls that are read: those that began last.
const CALLS_MAX: usize = 10_000;
/// Most messages that are read of one.
const MESSAGES_MAX: usize = 100;
/// Calls whose messages are handed over together.
const PAGE: usize = 50;

/// Hands over the messages of running calls, of accounts that agents mirror the network of.
pub async fn read(app: App, messages: mpsc::Sender<Vec<CallEvent>>) {
    for account in app.tables.get().agents.accounts() {
        if let Err(error) = read_account(&app, account, &messages).await {
            tracing::warn!(%error, %account, "the calls that are running could not be read; reports of theirs that do not name a Call-ID are not found");
        }
    }
}

async fn read_account(
    app: &App,
    account: AccountSid,
    messages: &mpsc::Sender<Vec<CallEvent>>,
) -> Result<(), StoreError> {
    let filter = SummaryFilter {
        processing: ProcessingFilter::Started,
        ..SummaryFilter::all(account)
    };
    let (mut start, mut damaged) = (Start::First { skip: 0 }, 0_u64);
    for _ in 0..CALLS_MAX / PAGE {
        let request = PageRequest { start, size: PAGE };
        let page = app.store.list(&filter, &request).await?;
        let mut of_page = Vec::new();
        for record in &page.rows {
            // Other calls have no messages.
            if record.summary.as_ref().is_some_and(|it| it.sip.is_some()) {
                let filter = EventFilter {
                    kinds: vec![EventKind::Sip],
                    ..EventFilter::default()
                };
                let request = PageRequest {
                    start: Start::First { skip: 0 },
                    size: MESSAGES_MAX,
                };
                match app.store.events(record.call, &filter, &request).await {
                    Ok(events) => of_page.extend(events.rows.into_iter().map(|(_, event)| event)),
                    // Reports of the others are not its fault.
                    Err(StoreError::Corrupt(_)) => damaged += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        if messages.send(of_page).await.is_err() {
            return Ok(());
        }
        match page.after {
            Some(place) => start = Start::After(place),
            None => break,
        }
    }
    if damaged > 0 {
        tracing::warn!(%account, damaged, "calls that are running are damaged; reports of theirs that do not name a Call-ID are not found");
    }
    Ok(())
}
