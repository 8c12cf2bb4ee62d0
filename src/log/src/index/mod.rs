//! The two sparse indexes of a segment (`OffsetIndex`, `TimeIndex`): how readers come near an offset or a timestamp
//! without walking the whole segment.
//!
//! Serves segments. Invariants: the entries live on the disk only; what is kept in memory is how many there are and the
//! last of each; offsets and timestamps increase from entry to entry; what a damaged file says never leads outside of
//! the segment.

mod lookup;
mod writer;

pub(crate) use lookup::{is_valid_offset_index, is_valid_time_index};
pub(crate) use writer::{NewEntries, SegmentIndexes};

/// Bytes of an entry of the offset index: relative offset i32, position i32.
pub(crate) const OFFSET_ENTRY_BYTES: u64 = 8;
/// Bytes of an entry of the time index: timestamp i64, relative offset i32.
pub(crate) const TIME_ENTRY_BYTES: u64 = 12;

/// A timestamp (milliseconds) and an offset up to which no timestamp is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
}

/// `offset` as the 32 bits that an index has for it, if they suffice.
pub(crate) fn relative_offset(base_offset: i64, offset: i64) -> Option<i32> {
    offset.checked_sub(base_offset).and_then(|delta| i32::try_from(delta).ok()).filter(|delta| *delta >= 0)
}
