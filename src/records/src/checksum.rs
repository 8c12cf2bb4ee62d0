//! CRC-32C (Castagnoli), the checksum of a record batch, for all who write or verify batches.
//!
//! Invariant: the value equals Kafka's `Crc32C` for the same bytes, on every host.

/// CRC-32C of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}
