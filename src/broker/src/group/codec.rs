//! Fields of records in Kafka's serialization, classic and flexible. Serves `record` and `consumer_protocol`; invariant: bytes
//! that end too early or are no text are an error, never a panic.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ottla_wire::Uuid;
use thiserror::Error;

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum RecordError {
    /// The bytes end before the field does.
    #[error("a field ends too early")]
    Truncated,
    /// A text is not UTF-8, or null where it may not be.
    #[error("a field holds no text")]
    BadText,
    /// A length that cannot be.
    #[error("a field has a wrong length")]
    BadLength,
    /// A key of a type that this coordinator does not know.
    #[error("unknown key type {0}")]
    UnknownKey(i16),
    /// A value of a version that this coordinator does not know.
    #[error("unknown value version {0}")]
    UnknownVersion(i16),
}

type Read<T> = Result<T, RecordError>;

pub(super) fn put_string(out: &mut BytesMut, text: &str) {
    let mut end = text.len().min(i16::MAX as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.put_i16(end as i16);
    out.put_slice(&text.as_bytes()[..end]);
}

pub(super) fn put_nullable(out: &mut BytesMut, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_i16(-1),
    }
}

pub(super) fn put_bytes(out: &mut BytesMut, bytes: &Bytes) {
    out.put_i32(bytes.len() as i32);
    out.put_slice(bytes);
}

pub(super) fn put_varint(out: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// A text of the flexible versions: its length plus one, then its bytes.
pub(super) fn put_compact_string(out: &mut BytesMut, text: &str) {
    put_varint(out, text.len() as u32 + 1);
    out.put_slice(text.as_bytes());
}

pub(super) fn get_i16(from: &mut Bytes) -> Read<i16> {
    from.try_get_i16().map_err(|_| RecordError::Truncated)
}

pub(super) fn get_i32(from: &mut Bytes) -> Read<i32> {
    from.try_get_i32().map_err(|_| RecordError::Truncated)
}

pub(super) fn get_i64(from: &mut Bytes) -> Read<i64> {
    from.try_get_i64().map_err(|_| RecordError::Truncated)
}

pub(super) fn get_varint(from: &mut Bytes) -> Read<u32> {
    let mut value = 0u64;
    for shift in [0, 7, 14, 21, 28] {
        let byte = from.try_get_u8().map_err(|_| RecordError::Truncated)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| RecordError::BadLength);
        }
    }
    Err(RecordError::BadLength)
}

pub(super) fn take(from: &mut Bytes, len: usize) -> Read<Bytes> {
    if from.remaining() < len { Err(RecordError::Truncated) } else { Ok(from.split_to(len)) }
}

fn text(bytes: &Bytes) -> Read<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| RecordError::BadText)
}

pub(super) fn get_nullable(from: &mut Bytes) -> Read<Option<String>> {
    match get_i16(from)? {
        -1 => Ok(None),
        len => {
            let len = usize::try_from(len).map_err(|_| RecordError::BadLength)?;
            text(&take(from, len)?).map(Some)
        }
    }
}

pub(super) fn get_string(from: &mut Bytes) -> Read<String> {
    get_nullable(from)?.ok_or(RecordError::BadText)
}

pub(super) fn get_bytes(from: &mut Bytes) -> Read<Bytes> {
    let len = usize::try_from(get_i32(from)?).map_err(|_| RecordError::BadLength)?;
    take(from, len)
}

pub(super) fn get_compact_string(from: &mut Bytes) -> Read<String> {
    let len = get_varint(from)?.checked_sub(1).ok_or(RecordError::BadText)?;
    text(&take(from, len as usize)?)
}

pub(super) fn get_compact_nullable(from: &mut Bytes) -> Read<Option<String>> {
    match get_varint(from)? {
        0 => Ok(None),
        len => text(&take(from, len as usize - 1)?).map(Some),
    }
}

pub(super) fn get_compact_bytes(from: &mut Bytes) -> Read<Bytes> {
    let len = get_varint(from)?.checked_sub(1).ok_or(RecordError::BadLength)?;
    take(from, len as usize)
}

/// Reads tagged fields; gives the one with tag 0 if it is there.
pub(super) fn get_tag_0(from: &mut Bytes) -> Read<Option<Bytes>> {
    let mut found = None;
    for _ in 0..get_varint(from)? {
        let tag = get_varint(from)?;
        let len = get_varint(from)?;
        let field = take(from, len as usize)?;
        if tag == 0 {
            found = Some(field);
        }
    }
    Ok(found)
}

pub(super) fn uuid_of(field: &Bytes) -> Read<Uuid> {
    Uuid::from_slice(field).map_err(|_| RecordError::BadLength)
}
