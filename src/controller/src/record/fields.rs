//! The primitive fields of Kafka's flexible message versions, for metadata records.
//!
//! Serves the records' encodings. Invariant: reading checks every length against the bytes that are there before anything
//! is allocated; writing and reading are inverse.

use bytes::BufMut;
use ottla_records::varint::{get_unsigned_varint, put_unsigned_varint};
use thiserror::Error;
use uuid::Uuid;

/// Why bytes are not a metadata record (Kafka: `MetadataParseException`).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataRecordError {
    /// Fewer bytes than the record declares.
    #[error("truncated metadata record")]
    Truncated,
    /// A varint longer than five bytes.
    #[error("varint is too long")]
    VarintTooLong,
    /// Only frame version 1 is known.
    #[error("unknown frame version {0}")]
    FrameVersion(u32),
    /// A record type this version does not know.
    #[error("unknown metadata record type {0}")]
    UnknownType(u32),
    /// A version of a known type that is not known here.
    #[error("unknown version {version} of metadata record type {api_key}")]
    UnknownVersion {
        /// The record's type.
        api_key: u32,
        /// Its version.
        version: u32,
    },
    /// Null where the schema has none.
    #[error("unexpected null in field {0}")]
    UnexpectedNull(&'static str),
    /// Text that is not UTF-8.
    #[error("field {0} is not UTF-8")]
    NotUtf8(&'static str),
    /// Bytes behind the last field.
    #[error("{0} bytes behind the record")]
    TrailingBytes(u64),
    /// A batch that is none, or whose checksum is wrong.
    #[error("batch: {0}")]
    Batch(#[from] ottla_records::RecordError),
    /// A snapshot that is not whole.
    #[error("snapshot: {0}")]
    Snapshot(&'static str),
}

/// Tagged fields of one struct: (tag, bytes), written in the order of the tags.
pub(super) type Tagged = Vec<(u32, Vec<u8>)>;

pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    put_unsigned_varint(out, text.len() as u32 + 1);
    out.put_slice(text.as_bytes());
}

pub(super) fn put_nullable_string(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_u8(0),
    }
}

pub(super) fn put_uuid(out: &mut Vec<u8>, uuid: Uuid) {
    out.put_slice(uuid.as_bytes());
}

pub(super) fn put_ints(out: &mut Vec<u8>, values: &[i32]) {
    put_unsigned_varint(out, values.len() as u32 + 1);
    values.iter().for_each(|value| out.put_i32(*value));
}

pub(super) fn put_uuids(out: &mut Vec<u8>, values: &[Uuid]) {
    put_unsigned_varint(out, values.len() as u32 + 1);
    values.iter().for_each(|value| put_uuid(out, *value));
}

pub(super) fn put_array<T>(out: &mut Vec<u8>, values: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_unsigned_varint(out, values.len() as u32 + 1);
    values.iter().for_each(|value| put(out, value));
}

pub(super) fn put_tagged(out: &mut Vec<u8>, tagged: Tagged) {
    put_unsigned_varint(out, tagged.len() as u32);
    for (tag, bytes) in tagged {
        put_unsigned_varint(out, tag);
        put_unsigned_varint(out, bytes.len() as u32);
        out.put_slice(&bytes);
    }
}

/// The bytes that `put` writes, for a tagged field.
pub(super) fn field(put: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out);
    out
}

type Read<T> = Result<T, MetadataRecordError>;

/// What is left to read of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(MetadataRecordError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn varint(&mut self) -> Read<u32> {
        get_unsigned_varint(&mut self.rest).map_err(|error| match error {
            ottla_records::RecordError::VarintTooLong => MetadataRecordError::VarintTooLong,
            _ => MetadataRecordError::Truncated,
        })
    }

    pub(super) fn i8(&mut self) -> Read<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub(super) fn bool(&mut self) -> Read<bool> {
        self.i8().map(|value| value != 0)
    }

    pub(super) fn i16(&mut self) -> Read<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Read<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Read<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Read<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn f64(&mut self) -> Read<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn uuid(&mut self) -> Read<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    pub(super) fn nullable_string(&mut self, name: &'static str) -> Read<Option<String>> {
        let Some(length) = self.varint()?.checked_sub(1) else { return Ok(None) };
        let bytes = self.take(length as usize)?;
        std::str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|_| MetadataRecordError::NotUtf8(name))
    }

    pub(super) fn string(&mut self, name: &'static str) -> Read<String> {
        self.nullable_string(name)?.ok_or(MetadataRecordError::UnexpectedNull(name))
    }

    /// `smallest` is the least number of bytes an element can have.
    pub(super) fn nullable_list<T>(
        &mut self,
        smallest: usize,
        mut read: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        let Some(count) = self.varint()?.checked_sub(1) else { return Ok(None) };
        if (count as usize).saturating_mul(smallest) > self.rest.len() {
            return Err(MetadataRecordError::Truncated);
        }
        (0..count).map(|_| read(self)).collect::<Read<Vec<T>>>().map(Some)
    }

    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        smallest: usize,
        read: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        self.nullable_list(smallest, read)?.ok_or(MetadataRecordError::UnexpectedNull(name))
    }

    pub(super) fn ints(&mut self, name: &'static str) -> Read<Vec<i32>> {
        self.list(name, 4, Reader::i32)
    }

    pub(super) fn nullable_ints(&mut self) -> Read<Option<Vec<i32>>> {
        self.nullable_list(4, Reader::i32)
    }

    pub(super) fn uuids(&mut self, name: &'static str) -> Read<Vec<Uuid>> {
        self.list(name, 16, Reader::uuid)
    }

    /// Hands each tagged field to `read`; unknown tags are skipped, as Kafka keeps but does not use them.
    pub(super) fn tagged(&mut self, mut read: impl FnMut(u32, &mut Reader<'a>) -> Read<()>) -> Read<()> {
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let length = self.varint()?;
            let mut field = Reader { rest: self.take(length as usize)? };
            read(tag, &mut field)?;
        }
        Ok(())
    }

    pub(super) fn skip_tagged(&mut self) -> Read<()> {
        self.tagged(|_, _| Ok(()))
    }
}
