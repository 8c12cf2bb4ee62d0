//! A buffer that keeps the decoder from reserving memory for array elements that cannot be there.
//!
//! The decoder below trusts an array's length and reserves room for it before it reads an element. Two rules
//! make that safe, and rest on one fact: each element takes at least one byte.
//!
//! * A length as *varint* (flexible versions) above the bytes left, plus a little slack, is refused at once: no
//!   other varint of the protocol is larger, save tag numbers, which the slack covers.
//! * A length as *INT32* looks like any other INT32. So a first pass reads with every INT32 above the bytes left cut
//!   down to one more than can be there. If one of those was a length, the pass runs out of bytes and the frame is
//!   refused. If it succeeds, none was, and a second pass reads the true values.
//!
//! So the memory reserved is at most (bytes of the frame + slack) elements an open array, and arrays nest four deep at
//! most. A host that takes frames from strangers keeps this small by its frame limit.

use std::ops::Range;

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// Elements that may be reserved beyond the bytes left. Tag numbers and small plain numbers stay below it, so that
/// most frames need a single pass.
const SLACK: u64 = 1024;

/// What reading returns: a value or what the decoder said.
pub(super) type Decoded<T> = Result<T, String>;

/// The message's bytes, read with the two rules above.
pub(super) struct Guard {
    bytes: Bytes,
    cutting: bool,
    has_cut: bool,
}

impl Guard {
    fn new(bytes: Bytes, cutting: bool) -> Guard {
        Guard { bytes, cutting, has_cut: false }
    }

    fn most_elements(&self, bytes_ahead: usize) -> u64 {
        (self.bytes.len() as u64).saturating_sub(bytes_ahead as u64) + SLACK
    }

    /// The varint that starts here, with the number of its bytes. None if the buffer ends inside it.
    fn peek_varint(&self) -> Option<(u64, usize)> {
        let mut value = 0u64;
        for index in 0..5 {
            let byte = *self.bytes.get(index)?;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Some((value, index + 1));
            }
        }
        Some((value, 5))
    }
}

/// Decodes with `read`, in one pass or two. Returns the message and the bytes that it left.
///
/// # Errors
/// What `read` reports, as text.
pub(super) fn decode_bounded<T>(bytes: &Bytes, read: impl Fn(&mut Guard) -> Decoded<T>) -> Decoded<(T, u64)> {
    let mut first = Guard::new(bytes.clone(), true);
    let message = read(&mut first)?;
    if !first.has_cut {
        return Ok((message, first.bytes.len() as u64));
    }
    drop(message);
    let mut second = Guard::new(bytes.clone(), false);
    let message = read(&mut second)?;
    Ok((message, second.bytes.len() as u64))
}

impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// Varints are read byte by byte through this call; booleans, the only other users, are 0 or 1.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        if let Some((value, size)) = self.peek_varint()
            && value > self.most_elements(size) + 1
        {
            return Err(TryGetError { requested: value as usize, available: self.bytes.len() });
        }
        self.bytes.try_get_u8()
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.bytes.try_get_i32()?;
        let most = self.most_elements(0);
        if self.cutting && i64::from(value) > most as i64 {
            self.has_cut = true;
            return Ok((most + 1) as i32);
        }
        Ok(value)
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size)
    }
}
