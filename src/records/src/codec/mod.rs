//! The five codecs behind one small trait, for builders and readers of batches.
//!
//! Invariant: compressing is deterministic and cannot fail; decompressing never yields more than its limit.

mod gzip;
mod lz4;
mod none;
mod snappy;
mod zstd;

use std::io::{self, Read};

use crate::{Compression, RecordError};

/// One way to compress the records of a batch.
pub trait Codec: Sync {
    /// Compresses `input`. `level` is Kafka's `compression.<codec>.level`; codecs with a single level ignore it.
    fn compress(&self, input: &[u8], level: Option<i32>) -> Vec<u8>;

    /// Decompresses `input` to at most `limit` bytes.
    ///
    /// # Errors
    /// [`RecordError::Decompression`] for bytes the codec did not write, [`RecordError::LimitExceeded`] for more than
    /// `limit` bytes of output.
    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError>;
}

/// The implementation of a codec.
pub(crate) fn of(compression: Compression) -> &'static dyn Codec {
    match compression {
        Compression::None => &none::None,
        Compression::Gzip => &gzip::Gzip,
        Compression::Snappy => &snappy::Snappy,
        Compression::Lz4 => &lz4::Lz4,
        Compression::Zstd => &zstd::Zstd,
    }
}

fn failed(codec: Compression, reason: impl ToString) -> RecordError {
    RecordError::Decompression { codec: codec.name(), reason: reason.to_string() }
}

fn too_large(limit: u64) -> RecordError {
    RecordError::LimitExceeded { what: "decompressed bytes", limit }
}

/// Everything `source` yields, unless that is more than `limit` bytes.
fn read_limited(codec: Compression, source: impl Read, limit: u64) -> Result<Vec<u8>, RecordError> {
    let mut output = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut output).map_err(|error| failed(codec, error))?;
    if output.len() as u64 > limit { Err(too_large(limit)) } else { Ok(output) }
}

/// Encoders that write to memory have no way to fail.
fn written<T>(result: io::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("writing to memory failed: {error}"),
    }
}
