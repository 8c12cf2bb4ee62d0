//! No compression, for callers that treat all codecs alike.
//!
//! Invariant: the bytes go through unchanged.

use super::{Codec, too_large};
use crate::RecordError;

pub(super) struct None;

impl Codec for None {
    fn compress(&self, input: &[u8], _level: Option<i32>) -> Vec<u8> {
        input.to_vec()
    }

    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError> {
        if input.len() as u64 > limit { Err(too_large(limit)) } else { Ok(input.to_vec()) }
    }
}
