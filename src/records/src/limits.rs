//! How much a batch from outside may make its reader allocate.
//!
//! Invariant: every decoder of this crate takes these bounds and checks them before it allocates.

/// Upper bounds for decoding one batch. The defaults are far above what Kafka's own defaults let a producer send
/// (`max.message.bytes` is 1 MiB) and far below what hurts a browser tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all records of a batch after decompression.
    pub max_decompressed_bytes: u64,
    /// Records of one batch.
    pub max_records: u32,
    /// Headers of all records of one batch together.
    pub max_headers: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decompressed_bytes: 64 << 20, max_records: 1 << 20, max_headers: 1 << 20 }
    }
}
