//! Arithmetic of producer sequence numbers, for idempotent producers and the log's producer state (KIP-98).
//!
//! Invariant: sequences stay within 0..=i32::MAX and wrap to 0.

/// `sequence` advanced by `increment` (not negative), wrapping to 0 behind `i32::MAX`
/// (`DefaultRecordBatch.incrementSequence`).
#[must_use]
pub fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    (i64::from(sequence) + i64::from(increment)).rem_euclid(1 << 31) as i32
}

/// `sequence` taken back by `decrement` (not negative), wrapping below 0 (`DefaultRecordBatch.decrementSequence`).
#[must_use]
pub fn decrement_sequence(sequence: i32, decrement: i32) -> i32 {
    (i64::from(sequence) - i64::from(decrement)).rem_euclid(1 << 31) as i32
}
