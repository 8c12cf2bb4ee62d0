//! Schemas of stored records as data, and their bytes as the JSON that Kafka's converters write.
//!
//! Serves tools that print `__cluster_metadata`, `__consumer_offsets` and `__transaction_state`; no server reads by it. Invariant: no
//! bytes make it panic, and nothing is allocated for a length that the bytes do not hold.

mod coordinator;
mod json;
mod metadata;
mod read;

pub use coordinator::{CoordinatorLog, coordinator_key, coordinator_value};
pub use json::quoted;
pub use metadata::{LEADER_CHANGE, SNAPSHOT_FOOTER, SNAPSHOT_HEADER, metadata_record};
pub use read::{Cursor, to_json};

use thiserror::Error;

/// The type of a field (Kafka: `FieldType`).
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// One byte, 0 or not.
    Bool,
    /// A signed byte.
    Int8,
    /// 16 bits, signed.
    Int16,
    /// 16 bits, unsigned.
    Uint16,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// A double.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// UTF-8 text.
    String,
    /// Bytes, shown as base64.
    Bytes,
    /// Bytes that hold a version and a message of this schema (the opaque parts of consumers' groups).
    Embedded(&'static Schema),
    /// Fields.
    Struct(&'static [Field]),
    /// Many of one type.
    List(&'static Type),
}

/// A field of a schema.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, in JSON's spelling.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// The first version that has it.
    pub since: i16,
    /// The last version that has it.
    pub until: i16,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its tag, if it is a tagged field; left out of the JSON where the bytes leave it out.
    pub tag: Option<u32>,
}

/// The fields of a message in all its versions.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The newest version.
    pub newest: i16,
    /// The first flexible version (compact lengths, tagged fields).
    pub flexible: i16,
    /// The fields, in their order.
    pub fields: &'static [Field],
}

/// Why bytes are not what a schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// Fewer bytes than declared.
    #[error("the bytes end too early")]
    Truncated,
    /// A length that can't be.
    #[error("a length is out of range")]
    BadLength,
    /// Null where the schema has none.
    #[error("non-nullable field {0} was serialized as null")]
    Null(&'static str),
    /// Text that is not UTF-8.
    #[error("a text is not UTF-8")]
    NotText,
    /// A type of record that has no schema here.
    #[error("Unknown metadata id {0}")]
    UnknownType(u32),
    /// A version that has no schema here.
    #[error("Can't read version {0}")]
    UnknownVersion(i16),
    /// Bytes behind the last field.
    #[error("Found {0} byte(s) of garbage after the message.")]
    Garbage(u64),
}

const fn field(name: &'static str, ty: Type) -> Field {
    Field { name, ty, since: 0, until: i16::MAX, nullable: false, tag: None }
}

impl Field {
    const fn since(self, since: i16) -> Field {
        Field { since, ..self }
    }

    const fn until(self, until: i16) -> Field {
        Field { until, ..self }
    }

    const fn nullable(self) -> Field {
        Field { nullable: true, ..self }
    }

    const fn tag(self, tag: u32) -> Field {
        Field { tag: Some(tag), ..self }
    }
}

#[cfg(test)]
mod tests;
