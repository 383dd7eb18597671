//! What documents of calls said, kept so that the next one who asks need not read them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sidetone_store::statistics::column::{Cell, Cells, Column, Own};

/// The columns of numbers that documents alone tell of some calls or all.
const NUMBERS: [Column; 13] = [
    Column::Own(Own::Pdd),
    Column::Own(Own::Seizure),
    Column::Own(Own::Duration),
    Column::Own(Own::ConnectDuration),
    Column::Own(Own::PacketLoss),
    Column::Own(Own::Jitter),
    Column::Own(Own::Rtt),
    Column::Own(Own::Mos),
    Column::Own(Own::QueueTime),
    Column::Own(Own::Reach),
    Column::Own(Own::Media),
    Column::Own(Own::SdkMedia),
    Column::Own(Own::GatewayMedia),
];

/// Those of texts. Most calls have one of a few sets of them.
const TEXTS: [Column; 4] = [
    Column::Own(Own::ToConnection),
    Column::Own(Own::EdgeLocations),
    Column::Own(Own::Regions),
    Column::Own(Own::Attestation),
];

type Texts = [Option<Box<str>>; TEXTS.len()];

/// What the document of a call says.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// [`u64::MAX`]: nothing.
    numbers: [u64; NUMBERS.len()],
    texts: Arc<Texts>,
}

impl Said {
    pub(super) fn of(call: Option<Cells<'_>>) -> Self {
        let mut numbers = [u64::MAX; NUMBERS.len()];
        let mut texts = Texts::default();
        let place = |known: &[Column], column| known.iter().position(|it| *it == column);
        for (column, cell) in call.map(|call| call.cells).unwrap_or_default() {
            match cell {
                Cell::Number(number) => {
                    if let Some(place) = place(&NUMBERS, column) {
                        numbers[place] = number;
                    }
                }
                Cell::Text(text) => {
                    if let Some(place) = place(&TEXTS, column) {
                        texts[place] = Some(text.into());
                    }
                }
            }
        }
        Self {
            numbers,
            texts: Arc::new(texts),
        }
    }

    pub(super) fn number(&self, column: Column) -> Option<u64> {
        let place = NUMBERS.iter().position(|known| *known == column)?;
        Some(self.numbers[place]).filter(|number| *number != u64::MAX)
    }

    pub(super) fn text(&self, column: Column) -> Option<&str> {
        let place = TEXTS.iter().position(|known| *known == column)?;
        self.texts[place].as_deref()
    }
}

/// What was read of documents.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By the row of the call, with its checksum, which changes with whatever a row covers, and so with
    /// the version of the document.
    calls: HashMap<i64, (i64, Said)>,
    /// Sets of texts, each kept once.
    texts: HashSet<Arc<Texts>>,
}

/// So many calls are remembered: some 30 MB. Then all are forgotten.
const REMEMBERED_MAX: usize = 200_000;

impl Remembered {
    pub(super) fn get(&self, id: i64, checksum: i64) -> Option<Said> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, said) = known.calls.get(&id)?;
        (*of == checksum).then(|| said.clone())
    }

    pub(super) fn put(&self, id: i64, checksum: i64, mut said: Said) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.calls.len() >= REMEMBERED_MAX {
            *known = Known::default();
        }
        match known.texts.get(&said.texts) {
            Some(texts) => said.texts = Arc::clone(texts),
            None => {
                known.texts.insert(Arc::clone(&said.texts));
            }
        }
        known.calls.insert(id, (checksum, said));
    }
}
