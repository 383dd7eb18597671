//! The text of a body that comes in pieces, compressed or not.

use std::io::Write;

use axum::body::Bytes;
use flate2::write::MultiGzDecoder;

use crate::api::error::ApiError;

/// Text that is read before it is looked at whether a batch is full.
const PIECE: usize = 16 * 1024;
/// Compressed bytes unpacked at a time.
const GZIP_PIECE: usize = 4 * 1024;
/// How many times as many come out at most.
const UNPACKED_TIMES: usize = 1_032;
/// The most text that one compressed body may hold.
const UNPACKED_MAX_BYTES: u64 = 1 << 30;
/// How many times as long as its compressed form a text may be, beyond the first of it. Events that
/// differ in nothing but their numbers come to some forty.
const RATIO_MAX: u64 = 200;
const RATIO_FREE_BYTES: u64 = 4 << 20;

/// The text of a body, as far as it came and was not read yet.
#[derive(Default)]
pub(super) struct Text {
    /// `None`: it comes as it is.
    gzip: Option<Box<MultiGzDecoder<Vec<u8>>>>,
    came: Bytes,
    plain: Bytes,
    packed_bytes: u64,
    plain_bytes: u64,
}

impl Text {
    /// Compressed text.
    pub(super) fn packed() -> Self {
        Self {
            gzip: Some(Box::new(MultiGzDecoder::new(Vec::new()))),
            ..Self::default()
        }
    }

    /// Takes what came. What came before has been read.
    pub(super) fn came(&mut self, bytes: Bytes) {
        self.came = bytes;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.came.is_empty() && self.plain.is_empty()
    }

    /// About how many bytes of text there may be to read.
    pub(super) fn bytes(&self) -> usize {
        let times = if self.gzip.is_some() {
            UNPACKED_TIMES
        } else {
            1
        };
        let came = self.came.len().saturating_mul(times);
        self.plain.len().saturating_add(came)
    }

    /// The next piece of it; an empty one when there is none.
    pub(super) fn next(&mut self) -> Result<Bytes, ApiError> {
        while self.plain.is_empty() && !self.came.is_empty() {
            match &mut self.gzip {
                None => self.plain = std::mem::take(&mut self.came),
                Some(gzip) => {
                    let packed = self.came.split_to(self.came.len().min(GZIP_PIECE));
                    gzip.write_all(&packed).map_err(|_| broken())?;
                    self.plain = std::mem::take(gzip.get_mut()).into();
                    self.packed_bytes += packed.len() as u64;
                    self.plain_bytes += self.plain.len() as u64;
                    self.check()?;
                }
            }
        }
        Ok(self.plain.split_to(self.plain.len().min(PIECE)))
    }

    /// Whether there is no more of it than an honest sender has.
    fn check(&self) -> Result<(), ApiError> {
        let of_ratio = RATIO_FREE_BYTES + self.packed_bytes.saturating_mul(RATIO_MAX);
        if self.plain_bytes > UNPACKED_MAX_BYTES.min(of_ratio) {
            return Err(ApiError::unpacks_to_too_much(UNPACKED_MAX_BYTES, RATIO_MAX));
        }
        Ok(())
    }

    /// Takes it that nothing more comes.
    pub(super) fn end(&mut self) -> Result<(), ApiError> {
        if let Some(gzip) = self.gzip.take() {
            self.plain = gzip.finish().map_err(|_| broken())?.into();
        }
        Ok(())
    }
}

fn broken() -> ApiError {
    ApiError::bad_request("The body is not valid gzip, as its Content-Encoding says.")
}
