//! LZ4 frames as Kafka and librdkafka write them (`Lz4BlockOutputStream`): independent blocks of 64 KiB, no checksum
//! of the content.
//!
//! Invariant: only what Kafka itself would read is read; in particular no linked blocks and no dictionaries.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::{Codec, failed, read_limited, written};
use crate::{Compression, RecordError};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Bits of the flag byte that say version 1 and independent blocks, and those that must say so.
const FLAGS: u8 = 0b0110_0000;
const FLAGS_MASK: u8 = 0b1110_0011;

pub(super) struct Lz4;

impl Codec for Lz4 {
    fn compress(&self, input: &[u8], _level: Option<i32>) -> Vec<u8> {
        let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        written(encoder.write_all(input));
        written(encoder.finish().map_err(Into::into))
    }

    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError> {
        match input.strip_prefix(&MAGIC).and_then(<[u8]>::first) {
            Some(flags) if flags & FLAGS_MASK == FLAGS => {
                read_limited(Compression::Lz4, FrameDecoder::new(input), limit)
            }
            Some(_) => Err(failed(Compression::Lz4, "frame with unsupported flags")),
            None => Err(failed(Compression::Lz4, "no LZ4 frame")),
        }
    }
}
