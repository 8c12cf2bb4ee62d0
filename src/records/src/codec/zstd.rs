//! Zstandard, encoder and decoder in pure Rust.
//!
//! Invariant: a frame is decoded block by block and given up as soon as the limit is passed; its checksum, where it
//! has one, is verified.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{Codec, failed, too_large};
use crate::{Compression, RecordError};

/// The window that libzstd's decoder accepts by default (2^27); memory is taken as output grows, not at once.
const MAX_WINDOW_BYTES: u64 = 1 << 27;

pub(super) struct Zstd;

impl Codec for Zstd {
    fn compress(&self, input: &[u8], _level: Option<i32>) -> Vec<u8> {
        compress_to_vec(input, CompressionLevel::Fastest)
    }

    fn decompress(&self, input: &[u8], limit: u64) -> Result<Vec<u8>, RecordError> {
        let mut output = Vec::new();
        let mut rest = input;
        // Frames may follow each other.
        while !rest.is_empty() {
            decode_frame(&mut rest, &mut output, limit)?;
        }
        Ok(output)
    }
}

fn decode_frame(rest: &mut &[u8], output: &mut Vec<u8>, limit: u64) -> Result<(), RecordError> {
    let error = |error: FrameDecoderError| failed(Compression::Zstd, error);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_WINDOW_BYTES);
    match decoder.reset(&mut *rest) {
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            *rest =
                rest.get(length as usize..).ok_or_else(|| failed(Compression::Zstd, "truncated skippable frame"))?;
            return Ok(());
        }
        other => other.map_err(error)?,
    }
    // One byte more than allowed ends the decoding, at most one block (128 KiB) behind the limit.
    let allowed = limit - output.len() as u64;
    let enough = usize::try_from(allowed.saturating_add(1)).unwrap_or(usize::MAX);
    let finished = decoder.decode_blocks(&mut *rest, BlockDecodingStrategy::UptoBytes(enough)).map_err(error)?;
    if !finished {
        return Err(too_large(limit));
    }
    let decoded = decoder.collect().unwrap_or_default();
    if decoded.len() as u64 > allowed {
        return Err(too_large(limit));
    }
    if decoder.get_checksum_from_data().is_some_and(|stored| decoder.get_calculated_checksum() != Some(stored)) {
        return Err(failed(Compression::Zstd, "checksum does not match"));
    }
    output.extend_from_slice(&decoded);
    Ok(())
}
