//! Frames on a byte stream: the four-byte length prefix, written and read.
//!
//! Serves the TCP host only. A splitter never holds more than one frame's limit beyond what was pushed, and an
//! announced size is checked before any of its bytes are awaited.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::WireError;

/// The largest frame taken, in bytes: Kafka's default of `socket.request.max.bytes`.
pub const MAX_FRAME_BYTES: i32 = 104_857_600;

/// The frame with its length before it, as it stands on a TCP connection.
pub fn length_prefixed(frame: &Bytes) -> Bytes {
    let mut bytes = BytesMut::with_capacity(4 + frame.len());
    assert!(frame.len() as u64 <= i32::MAX as u64, "a frame of our own is far below 2 GiB");
    bytes.put_i32(frame.len() as i32);
    bytes.put_slice(frame);
    bytes.freeze()
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Clone)]
pub struct FrameSplitter {
    buffer: BytesMut,
    limit_bytes: i32,
}

impl Default for FrameSplitter {
    fn default() -> FrameSplitter {
        FrameSplitter::with_limit(MAX_FRAME_BYTES)
    }
}

impl FrameSplitter {
    /// An empty splitter that takes frames up to [`MAX_FRAME_BYTES`].
    pub fn new() -> FrameSplitter {
        FrameSplitter::default()
    }

    /// An empty splitter that takes frames up to this size in bytes.
    pub fn with_limit(limit_bytes: i32) -> FrameSplitter {
        FrameSplitter { buffer: BytesMut::new(), limit_bytes }
    }

    /// Takes bytes as they came from the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame without its prefix, or None until more bytes are pushed.
    ///
    /// # Errors
    /// [`WireError::InvalidFrameSize`]: the stream cannot be read any further.
    #[allow(clippy::should_implement_trait)] // None means "not yet", which an iterator may not mean
    pub fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        let Some(prefix) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let size_bytes = i32::from_be_bytes(*prefix);
        let size = match usize::try_from(size_bytes) {
            Ok(size) if size_bytes <= self.limit_bytes => size,
            _ => return Err(WireError::InvalidFrameSize { size_bytes, limit_bytes: self.limit_bytes }),
        };
        if self.buffer.len() - 4 < size {
            return Ok(None);
        }
        self.buffer.advance(4);
        Ok(Some(self.buffer.split_to(size).freeze()))
    }
}
