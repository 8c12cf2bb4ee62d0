//! Variable-length integers of the record format and of the protocol's flexible versions (`ByteUtils`).
//!
//! Serves records (zigzag varint, varlong) and whoever reads tagged fields (unsigned varint).
//! Invariant: reading never consumes more than 5 (10 for longs) bytes, and agrees with the sizes computed here.

use bytes::BufMut;

use crate::RecordError;

/// Appends a zigzag-encoded 32-bit integer (1 to 5 bytes).
pub fn put_varint(out: &mut impl BufMut, value: i32) {
    put_unsigned_varint(out, zigzag32(value));
}

/// Appends a zigzag-encoded 64-bit integer (1 to 10 bytes).
pub fn put_varlong(out: &mut impl BufMut, value: i64) {
    let mut rest = zigzag64(value);
    while rest >= 0x80 {
        out.put_u8((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// Appends an unsigned 32-bit integer (1 to 5 bytes).
pub fn put_unsigned_varint(out: &mut impl BufMut, value: u32) {
    let mut rest = value;
    while rest >= 0x80 {
        out.put_u8((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// Reads a zigzag varint and moves `input` behind it.
///
/// # Errors
/// [`RecordError::Truncated`] at the end of input, [`RecordError::VarintTooLong`] after five continued bytes.
pub fn get_varint(input: &mut &[u8]) -> Result<i32, RecordError> {
    let raw = get_unsigned_varint(input)?;
    Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a zigzag varlong and moves `input` behind it.
///
/// # Errors
/// [`RecordError::Truncated`] at the end of input, [`RecordError::VarintTooLong`] after ten continued bytes.
pub fn get_varlong(input: &mut &[u8]) -> Result<i64, RecordError> {
    let raw = get_raw(input, 10)?;
    Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// Reads an unsigned varint and moves `input` behind it.
///
/// # Errors
/// [`RecordError::Truncated`] at the end of input, [`RecordError::VarintTooLong`] after five continued bytes.
pub fn get_unsigned_varint(input: &mut &[u8]) -> Result<u32, RecordError> {
    // As in Kafka, bits of the fifth byte beyond the 32nd are dropped.
    get_raw(input, 5).map(|raw| raw as u32)
}

/// Bytes that [`put_varint`] writes for `value`.
#[must_use]
pub fn size_of_varint(value: i32) -> usize {
    size_of_bits(32 - zigzag32(value).leading_zeros())
}

/// Bytes that [`put_varlong`] writes for `value`.
#[must_use]
pub fn size_of_varlong(value: i64) -> usize {
    size_of_bits(64 - zigzag64(value).leading_zeros())
}

/// Bytes that [`put_unsigned_varint`] writes for `value`.
#[must_use]
pub fn size_of_unsigned_varint(value: u32) -> usize {
    size_of_bits(32 - value.leading_zeros())
}

fn zigzag32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

fn zigzag64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn size_of_bits(bits: u32) -> usize {
    bits.max(1).div_ceil(7) as usize
}

fn get_raw(input: &mut &[u8], max_bytes: usize) -> Result<u64, RecordError> {
    let mut value = 0_u64;
    for index in 0..max_bytes {
        let Some(byte) = input.get(index).copied() else {
            return Err(RecordError::Truncated { needed: index as u64 + 1, available: input.len() as u64 });
        };
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *input = &input[index + 1..];
            return Ok(value);
        }
    }
    Err(RecordError::VarintTooLong)
}
