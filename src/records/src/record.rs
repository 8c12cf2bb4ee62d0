//! One record and its encoding inside a batch (`DefaultRecord`), for builders and readers of batches.
//!
//! Invariant: decoding slices the batch's bytes (no copies) and consumes exactly the length a record declares.

use bytes::{BufMut, Bytes};

use crate::varint::{get_varint, get_varlong, put_varint, put_varlong, size_of_varint, size_of_varlong};
use crate::{Limits, RecordError};

/// Bytes of the smallest record: seven one-byte fields.
pub(crate) const MIN_RECORD_BYTES: usize = 7;
/// Greatest overhead of a record: five varints, a varlong and its attributes (`DefaultRecord.MAX_RECORD_OVERHEAD`).
const MAX_RECORD_OVERHEAD: usize = 21;

/// A named value beside a record's key and value (KIP-82). Keys may repeat; order is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeader {
    /// Name; UTF-8 when it was decoded.
    pub key: Bytes,
    /// Value, which may be absent.
    pub value: Option<Bytes>,
}

/// One record, free of its batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Absolute offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, or -1.
    pub timestamp: i64,
    /// Key, which may be absent.
    pub key: Option<Bytes>,
    /// Value; absent makes the record a tombstone in compacted topics.
    pub value: Option<Bytes>,
    /// Headers in their order.
    pub headers: Vec<RecordHeader>,
}

impl Record {
    /// Whether the record deletes its key in a compacted topic.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }
}

/// Most bytes that a batch of this single record needs without compression
/// (`DefaultRecordBatch.estimateBatchSizeUpperBound`).
#[must_use]
pub fn record_size_upper_bound(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[RecordHeader]) -> usize {
    crate::BATCH_OVERHEAD + MAX_RECORD_OVERHEAD + key_value_size(key, value, headers)
}

/// A record as a writer sees it: deltas instead of absolutes.
#[derive(Clone, Copy)]
pub(crate) struct RecordParts<'a> {
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [RecordHeader],
}

impl RecordParts<'_> {
    /// Bytes with the length in front.
    pub(crate) fn size(&self) -> usize {
        let body = self.body_size();
        size_of_varint(as_length(body)) + body
    }

    pub(crate) fn encode(&self, out: &mut impl BufMut) {
        put_varint(out, as_length(self.body_size()));
        out.put_u8(0);
        put_varlong(out, self.timestamp_delta);
        put_varint(out, self.offset_delta);
        put_nullable(out, self.key);
        put_nullable(out, self.value);
        put_varint(out, as_length(self.headers.len()));
        for header in self.headers {
            put_nullable(out, Some(&header.key));
            put_nullable(out, header.value.as_deref());
        }
    }

    fn body_size(&self) -> usize {
        1 + size_of_varlong(self.timestamp_delta)
            + size_of_varint(self.offset_delta)
            + key_value_size(self.key, self.value, self.headers)
    }
}

fn key_value_size(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[RecordHeader]) -> usize {
    let headers_size: usize =
        headers.iter().map(|header| nullable_size(Some(&header.key)) + nullable_size(header.value.as_deref())).sum();
    nullable_size(key) + nullable_size(value) + size_of_varint(as_length(headers.len())) + headers_size
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| size_of_varint(as_length(bytes.len())) + bytes.len())
}

fn put_nullable(out: &mut impl BufMut, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |bytes| as_length(bytes.len())));
    out.put_slice(bytes.unwrap_or_default());
}

/// Lengths are 32-bit in the format; nobody may build a record beyond that.
pub(crate) fn as_length(length: usize) -> i32 {
    assert!(length <= i32::MAX as usize, "a record part of {length} bytes does not fit the format");
    length as i32
}

/// What a batch says about all of its records.
#[derive(Clone, Copy)]
pub(crate) struct RecordContext {
    pub base_offset: i64,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    /// Where the batch has log append time: the timestamp of every record.
    pub append_timestamp: Option<i64>,
}

/// Reads records one behind the other from the decompressed body of a batch.
pub(crate) struct RecordReader<'a> {
    body: &'a Bytes,
    rest: &'a [u8],
    context: RecordContext,
    headers_left: u32,
    max_headers: u32,
}

impl<'a> RecordReader<'a> {
    pub(crate) fn new(body: &'a Bytes, context: RecordContext, limits: &Limits) -> Self {
        Self { body, rest: body, context, headers_left: limits.max_headers, max_headers: limits.max_headers }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn read(&mut self) -> Result<Record, RecordError> {
        let declared = get_varint(&mut self.rest)?;
        let declared = usize::try_from(declared).map_err(|_| RecordError::InvalidRecord("negative size"))?;
        let Some((mut input, behind)) = self.rest.split_at_checked(declared) else {
            return Err(RecordError::Truncated { needed: declared as u64, available: self.rest.len() as u64 });
        };
        self.rest = behind;
        let record = self.read_body(&mut input)?;
        if !input.is_empty() {
            return Err(RecordError::InvalidRecord("size differs from what was declared"));
        }
        Ok(record)
    }

    fn read_body(&mut self, input: &mut &[u8]) -> Result<Record, RecordError> {
        // The attributes byte of a record has no meaning yet.
        take(input, 1)?;
        let timestamp = self.timestamp(get_varlong(input)?)?;
        let offset = self.offset(get_varint(input)?)?;
        let key = self.nullable(input)?;
        let value = self.nullable(input)?;
        let headers = self.headers(input)?;
        Ok(Record { offset, timestamp, key, value, headers })
    }

    fn timestamp(&self, delta: i64) -> Result<i64, RecordError> {
        if let Some(append_timestamp) = self.context.append_timestamp {
            return Ok(append_timestamp);
        }
        self.context.base_timestamp.checked_add(delta).ok_or(RecordError::InvalidRecord("timestamp out of range"))
    }

    fn offset(&self, delta: i32) -> Result<i64, RecordError> {
        if !(0..=self.context.last_offset_delta).contains(&delta) {
            return Err(RecordError::InvalidRecord("offset outside of its batch"));
        }
        Ok(self.context.base_offset + i64::from(delta))
    }

    /// As in Kafka, any negative length stands for null.
    fn nullable(&self, input: &mut &[u8]) -> Result<Option<Bytes>, RecordError> {
        match usize::try_from(get_varint(input)?) {
            Ok(length) => take(input, length).map(|bytes| Some(self.body.slice_ref(bytes))),
            Err(_) => Ok(None),
        }
    }

    fn headers(&mut self, input: &mut &[u8]) -> Result<Vec<RecordHeader>, RecordError> {
        let count = get_varint(input)?;
        let count = u32::try_from(count).map_err(|_| RecordError::InvalidRecord("negative number of headers"))?;
        if count as usize > input.len() {
            return Err(RecordError::InvalidRecord("more headers than bytes"));
        }
        self.headers_left = self
            .headers_left
            .checked_sub(count)
            .ok_or(RecordError::LimitExceeded { what: "record headers", limit: u64::from(self.max_headers) })?;
        (0..count).map(|_| self.header(input)).collect()
    }

    fn header(&self, input: &mut &[u8]) -> Result<RecordHeader, RecordError> {
        let Some(key) = self.nullable(input)? else {
            return Err(RecordError::InvalidRecord("negative header key size"));
        };
        if std::str::from_utf8(&key).is_err() {
            return Err(RecordError::HeaderKeyNotUtf8);
        }
        Ok(RecordHeader { key, value: self.nullable(input)? })
    }
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], RecordError> {
    let Some((head, tail)) = input.split_at_checked(length) else {
        return Err(RecordError::Truncated { needed: length as u64, available: input.len() as u64 });
    };
    *input = tail;
    Ok(head)
}
