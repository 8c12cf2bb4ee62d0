//! The newest batches of the metadata log at hand: what nearly every read is after. Serves the log; invariant: they are the
//! end of the log, without a gap.

use bytes::{Bytes, BytesMut};
use ottla_records::Batch;
use std::collections::VecDeque;

/// So many of the newest batches are kept at hand, unless they are large.
const MOST_RECENT: usize = 16;
/// A batch above this size is read from the disk again.
const MOST_RECENT_BYTES: usize = 4096;

/// The newest batches.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentBatches(VecDeque<Recent>);

/// A batch as it was appended.
#[derive(Clone, Debug)]
struct Recent {
    last_offset: i64,
    base_offset: i64,
    bytes: Bytes,
}

impl RecentBatches {
    /// The log was cut, or begins anew.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A batch was appended.
    pub(super) fn remember(&mut self, batch: Batch) {
        if batch.bytes.len() > MOST_RECENT_BYTES {
            return self.0.clear();
        }
        if self.0.len() == MOST_RECENT {
            self.0.pop_front();
        }
        let (base_offset, last_offset) = (batch.header.base_offset, batch.header.last_offset());
        self.0.push_back(Recent { last_offset, base_offset, bytes: batch.bytes });
    }

    /// The batches from the one that holds `offset` on, if they are all at hand.
    pub(super) fn read(&self, offset: i64, max_bytes: u64) -> Option<Bytes> {
        let oldest = self.0.front()?;
        if offset < oldest.base_offset {
            return None;
        }
        let first = self.0.partition_point(|batch| batch.last_offset < offset);
        let mut taken = BytesMut::new();
        for (nth, batch) in self.0.range(first..).enumerate() {
            if nth == 0 && self.0.len() == first + 1 {
                return Some(batch.bytes.clone());
            }
            if nth > 0 && (taken.len() + batch.bytes.len()) as u64 > max_bytes {
                break;
            }
            taken.extend_from_slice(&batch.bytes);
        }
        Some(taken.freeze())
    }
}
