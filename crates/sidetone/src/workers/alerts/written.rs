//! What is written of alerts: what they say, and what is to be told of them.

use sha2::{Digest, Sha256};
use sidetone_core::id::{AlertSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::alerts::Alert;
use sidetone_store::delivery::{
    Content, DeliveryId, NewDelivery, PersonalData, Signature, StreamEvent,
};
use sidetone_store::{Result, StoreError};

use crate::alerts::about::About;
use crate::alerts::notice::{FIRING, RESOLVED};
use crate::secrets::fill_random;

/// What is told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Firing,
    Resolved,
}

impl Told {
    const fn kind(self) -> &'static str {
        match self {
            Self::Firing => FIRING,
            Self::Resolved => RESOLVED,
        }
    }
}

/// What a receiver is told: named, and written out when it is sent. The same again is the same there.
pub(super) fn delivery(alert: &Alert, told: Told, sink: SinkSid, now: TimeUs) -> NewDelivery {
    let mut hash = Sha256::new();
    hash.update(sink.as_bytes());
    hash.update(alert.sid.as_bytes());
    hash.update(told.kind());
    hash.update(alert.version.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    NewDelivery {
        id: DeliveryId::from_bytes(id),
        account: alert.account,
        subject: Some(*alert.sid.as_bytes()),
        kind: told.kind().to_owned(),
        content: Content::Event(StreamEvent {
            sink,
            account: alert.account,
            personal_data: PersonalData::Keep,
            at: now,
            position: None,
            version: alert.version,
        }),
        signature: Signature::None,
        created_at: now,
    }
}

pub(super) fn new_sid() -> Result<AlertSid> {
    let mut random = [0; 16];
    fill_random(&mut random).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(AlertSid::from_bytes(random))
}

pub(super) fn written(about: &About) -> Result<String> {
    serde_json::to_string(about).map_err(|error| StoreError::Invalid(error.to_string()))
}

/// What an alert says. `None`: a later release wrote it.
pub(super) fn said(alert: &Alert) -> Option<About> {
    serde_json::from_str(&alert.about).ok()
}
