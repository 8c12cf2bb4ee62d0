//! Walks the batches in a run of bytes, as Produce and Fetch carry them and segments store them.
//!
//! Invariant: each batch handed out is a slice of the run, in order, without gaps; after an error or a partial batch
//! nothing more comes.

use bytes::{Buf, Bytes};

use crate::header::LOG_OVERHEAD;
use crate::{Batch, RecordError};

/// Iterator over the batches of a run of bytes.
#[derive(Debug, Clone)]
pub struct Batches {
    rest: Bytes,
    position: u64,
    strict: bool,
    failed: bool,
}

impl Batches {
    /// A partial batch at the end, as Fetch may return it, ends the walk quietly (`ByteBufferLogInputStream`).
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { rest: bytes, position: 0, strict: false, failed: false }
    }

    /// A partial batch at the end is an error.
    #[must_use]
    pub fn strict(bytes: Bytes) -> Self {
        Self { strict: true, ..Self::new(bytes) }
    }

    /// Bytes of the batches handed out so far: where the next one starts, and where a torn tail begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether a batch stands here whole, in part or not at all; its size if whole.
    fn whole_batch(&self) -> Result<usize, RecordError> {
        let available = self.rest.len() as u64;
        let Some(mut length) = self.rest.get(8..LOG_OVERHEAD) else {
            return Err(RecordError::Truncated { needed: LOG_OVERHEAD as u64, available });
        };
        let size = i64::from(length.get_i32()) + LOG_OVERHEAD as i64;
        if size < crate::BATCH_OVERHEAD as i64 {
            return Err(RecordError::TooSmall(size));
        }
        let needed = size as u64;
        if available < needed { Err(RecordError::Truncated { needed, available }) } else { Ok(size as usize) }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.is_empty() {
            return None;
        }
        let size = match self.whole_batch() {
            Ok(size) => size,
            Err(error) => {
                self.failed = true;
                let quiet = !self.strict && matches!(error, RecordError::Truncated { .. });
                return (!quiet).then_some(Err(error));
            }
        };
        let batch = Batch::parse(self.rest.slice(..size));
        if batch.is_ok() {
            self.rest.advance(size);
            self.position += size as u64;
        } else {
            self.failed = true;
        }
        Some(batch)
    }
}

impl std::iter::FusedIterator for Batches {}
