//! gzip, in the pure Rust implementation.
//!
//! Invariant: the header carries no time, so the same records give the same bytes.

use std::io::Write;

use flate2::{GzBuilder, read::MultiGzDecoder};

use super::{Codec, read_limited, written};
use crate::{Compression, RecordError};

pub(super) struct Gzip;

impl Codec for Gzip {
    fn compress(&self, input: &[u8], level: Option<i32>) -> Vec<u8> {
        // -1 and whatever Kafka's configs would refuse mean the default.
        let level = match level {
            Some(level @ 1..=9) => flate2::Compression::new(level as u32),
            _ => flate2::Compression::default(),
        };
        let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), level);
        written(encoder.write_all(input));
        written(encoder.finish())
    }

    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError> {
        read_limited(Compression::Gzip, MultiGzDecoder::new(input), limit)
    }
}
