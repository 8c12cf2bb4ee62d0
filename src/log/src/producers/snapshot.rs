//! The file of a log's producers at an offset (`ProducerStateManager.writeSnapshot`, `ProducerSnapshot.json`): version
//! i16, CRC-32C of what follows u32, entries.
//!
//! Serves loading and truncation, which otherwise had to walk the whole log. Invariant: a file that does not bear its
//! checksum counts as absent. As in Kafka a snapshot knows only the last batch of each producer.

use super::ProducerState;
use bytes::{Buf, BufMut};
use ottla_records::crc32c;

const VERSION: i16 = 1;
/// Where the bytes begin that the checksum covers.
const ENTRIES_AT: usize = 6;
const ENTRY_BYTES: usize = 46;

/// One producer as a snapshot has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Sequence of its last record, -1 for none.
    pub last_sequence: i32,
    /// Offset of its last record, -1 for none.
    pub last_offset: i64,
    /// Records of its last batch minus one.
    pub offset_delta: i32,
    /// Timestamp of its last batch in milliseconds.
    pub timestamp: i64,
    /// Epoch of the transaction coordinator that wrote its last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction, -1 for none.
    pub current_txn_first_offset: i64,
}

impl SnapshotEntry {
    fn of(state: &ProducerState) -> Self {
        let last = state.batches().last();
        Self {
            producer_id: state.producer_id,
            producer_epoch: state.producer_epoch,
            last_sequence: state.last_sequence(),
            last_offset: last.map_or(-1, |batch| batch.last_offset),
            offset_delta: last.map_or(0, |batch| batch.offset_delta),
            timestamp: state.last_timestamp,
            coordinator_epoch: state.coordinator_epoch,
            current_txn_first_offset: state.current_txn_first_offset.unwrap_or(-1),
        }
    }

    fn read(mut input: &[u8]) -> Self {
        Self {
            producer_id: input.get_i64(),
            producer_epoch: input.get_i16(),
            last_sequence: input.get_i32(),
            last_offset: input.get_i64(),
            offset_delta: input.get_i32(),
            timestamp: input.get_i64(),
            coordinator_epoch: input.get_i32(),
            current_txn_first_offset: input.get_i64(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.last_sequence);
        out.put_i64(self.last_offset);
        out.put_i32(self.offset_delta);
        out.put_i64(self.timestamp);
        out.put_i32(self.coordinator_epoch);
        out.put_i64(self.current_txn_first_offset);
    }
}

/// The file's bytes.
pub(super) fn encode<'a>(producers: impl ExactSizeIterator<Item = &'a ProducerState>) -> Vec<u8> {
    let mut bytes = vec![0; ENTRIES_AT];
    bytes.put_i32(i32::try_from(producers.len()).unwrap_or(i32::MAX));
    producers.take(i32::MAX as usize).for_each(|state| SnapshotEntry::of(state).write(&mut bytes));
    let crc = crc32c(&bytes[ENTRIES_AT..]);
    bytes[..2].copy_from_slice(&VERSION.to_be_bytes());
    bytes[2..ENTRIES_AT].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// The entries of a `.snapshot` file (`ProducerStateManager.readSnapshot`); nothing if it is damaged.
#[must_use]
pub fn read_producer_snapshot(mut bytes: &[u8]) -> Option<Vec<SnapshotEntry>> {
    if bytes.len() < ENTRIES_AT + 4 || bytes.get_i16() != VERSION || bytes.get_u32() != crc32c(bytes) {
        return None;
    }
    let count = usize::try_from(bytes.get_i32()).ok()?;
    let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
    let whole = entries.len() == count && rest.is_empty();
    whole.then(|| entries.iter().map(|entry| SnapshotEntry::read(entry)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_told() {
        let mut state = ProducerState::new(7);
        (state.producer_epoch, state.coordinator_epoch, state.current_txn_first_offset) = (2, 5, Some(40));
        let bytes = encode([&state, &ProducerState::new(9)].into_iter());
        assert_eq!((bytes.len(), &bytes[..2], &bytes[6..10]), (10 + 2 * 46, &[0, 1][..], &[0, 0, 0, 2][..]));
        let entries = read_producer_snapshot(&bytes).unwrap();
        assert_eq!(entries, [SnapshotEntry::of(&state), SnapshotEntry::of(&ProducerState::new(9))]);
        assert_eq!((entries[0].current_txn_first_offset, entries[1].current_txn_first_offset), (40, -1));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read_producer_snapshot(&damaged), None, "byte {at}");
            assert_eq!(read_producer_snapshot(&bytes[..at]), None, "cut at {at}");
        }
    }
}
