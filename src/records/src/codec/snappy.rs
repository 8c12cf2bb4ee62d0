//! Snappy in the framing of xerial's snappy-java, which Kafka's clients write; raw Snappy is read as well.
//!
//! Framing: a 16-byte header, then blocks of a 4-byte big-endian length and that many bytes of raw Snappy, each block
//! up to 32 KiB before compression. Invariant: a block's declared size is checked before it is allocated.

use bytes::Buf;

use super::{Codec, failed, too_large};
use crate::{Compression, RecordError};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// Magic, version 1, oldest compatible version 1.
const HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
const BLOCK_BYTES: usize = 32 * 1024;

pub(super) struct Snappy;

impl Codec for Snappy {
    fn compress(&self, input: &[u8], _level: Option<i32>) -> Vec<u8> {
        let mut output = HEADER.to_vec();
        let mut encoder = snap::raw::Encoder::new();
        for block in input.chunks(BLOCK_BYTES) {
            let Ok(compressed) = encoder.compress_vec(block) else {
                unreachable!("a block of 32 KiB is within Snappy's bounds");
            };
            output.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
            output.extend_from_slice(&compressed);
        }
        output
    }

    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError> {
        let mut output = Vec::new();
        if !input.starts_with(&MAGIC) {
            append_block(&mut output, input, limit)?;
            return Ok(output);
        }
        let mut rest = input;
        while !rest.is_empty() {
            // Streams may be joined: a header may stand again before any block.
            if rest.starts_with(&MAGIC) {
                rest = rest.get(HEADER.len()..).ok_or_else(|| failed(Compression::Snappy, "truncated header"))?;
                continue;
            }
            let block = take_block(&mut rest)?;
            append_block(&mut output, block, limit)?;
        }
        Ok(output)
    }
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], RecordError> {
    let truncated = || failed(Compression::Snappy, "truncated block");
    let length = rest.try_get_u32().map_err(|_| truncated())?;
    let (block, behind) = rest.split_at_checked(length as usize).ok_or_else(truncated)?;
    *rest = behind;
    Ok(block)
}

fn append_block(output: &mut Vec<u8>, block: &[u8], limit: u64) -> Result<(), RecordError> {
    let error = |error| failed(Compression::Snappy, error);
    let size = snap::raw::decompress_len(block).map_err(error)?;
    let start = output.len();
    if (start as u64).saturating_add(size as u64) > limit {
        return Err(too_large(limit));
    }
    output.resize(start + size, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut output[start..]).map_err(error)?;
    output.truncate(start + written);
    Ok(())
}
