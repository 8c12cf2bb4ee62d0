//! Control records: what the log itself says to its readers, above all how transactions ended.
//!
//! Serves the transaction coordinator (writes markers), consumers (skip aborted data) and the tools that dump logs.
//! Invariant: newer versions of keys and values are read as the version known here (`ControlRecordType`).

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{BatchBuilder, Compression, NO_SEQUENCE, Record, RecordError, TimestampType};

const KEY_VERSION: i16 = 0;
const KEY_BYTES: u64 = 4;
const MARKER_VERSION: i16 = 0;
const MARKER_BYTES: u64 = 6;

/// Kind of a control record; its key holds a version and this (`ControlRecordType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlType {
    /// A transaction was aborted.
    Abort,
    /// A transaction was committed.
    Commit,
    /// A Raft leader announces itself (KIP-595).
    LeaderChange,
    /// First record of a snapshot (KIP-630).
    SnapshotHeader,
    /// Last record of a snapshot (KIP-630).
    SnapshotFooter,
    /// Version of the quorum's own records (KIP-853).
    KRaftVersion,
    /// The voters (KIP-853).
    KRaftVoters,
    /// A type unknown here, which readers ignore.
    Unknown(i16),
}

impl ControlType {
    /// Number in the key.
    #[must_use]
    pub fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }

    /// The type with this number.
    #[must_use]
    pub fn from_id(id: i16) -> Self {
        match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            id => Self::Unknown(id),
        }
    }

    /// The key of a control record of this type.
    #[must_use]
    pub fn key(self) -> Bytes {
        let mut key = BytesMut::with_capacity(KEY_BYTES as usize);
        key.put_i16(KEY_VERSION);
        key.put_i16(self.id());
        key.freeze()
    }

    /// Reads the key of a control record.
    ///
    /// # Errors
    /// No key, too few bytes, or a negative version.
    pub fn parse_key(key: Option<&[u8]>) -> Result<Self, RecordError> {
        let mut input = versioned(key, KEY_BYTES)?;
        Ok(Self::from_id(input.get_i16()))
    }
}

/// The record that ends a transaction in a partition (`EndTransactionMarker`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// Committed, or else aborted.
    pub committed: bool,
    /// Epoch of the transaction coordinator that wrote the marker; older ones are fenced.
    pub coordinator_epoch: i32,
}

impl EndTransactionMarker {
    /// Kind of the control record.
    #[must_use]
    pub fn control_type(&self) -> ControlType {
        if self.committed { ControlType::Commit } else { ControlType::Abort }
    }

    /// Key of the control record.
    #[must_use]
    pub fn key(&self) -> Bytes {
        self.control_type().key()
    }

    /// Value of the control record.
    #[must_use]
    pub fn value(&self) -> Bytes {
        let mut value = BytesMut::with_capacity(MARKER_BYTES as usize);
        value.put_i16(MARKER_VERSION);
        value.put_i32(self.coordinator_epoch);
        value.freeze()
    }

    /// Reads the marker from a control record.
    ///
    /// # Errors
    /// Another type of control record, too few bytes, or a negative version.
    pub fn parse(record: &Record) -> Result<Self, RecordError> {
        let committed = match ControlType::parse_key(record.key.as_deref())? {
            ControlType::Commit => true,
            ControlType::Abort => false,
            _ => return Err(RecordError::InvalidRecord("not an end transaction marker")),
        };
        let mut input = versioned(record.value.as_deref(), MARKER_BYTES)?;
        Ok(Self { committed, coordinator_epoch: input.get_i32() })
    }

    /// The control batch with this marker alone (`MemoryRecords.withEndTransactionMarker`); 78 bytes.
    /// `timestamp` in milliseconds.
    #[must_use]
    pub fn batch(&self, producer_id: i64, producer_epoch: i16, timestamp: i64) -> Bytes {
        let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        builder.set_producer(producer_id, producer_epoch, NO_SEQUENCE);
        builder.set_transactional(true);
        builder.set_control(true);
        builder.append(timestamp, Some(&self.key()), Some(&self.value()), &[]);
        builder.build(0, crate::NO_PARTITION_LEADER_EPOCH)
    }
}

/// What follows the version at the start of `bytes`.
fn versioned(bytes: Option<&[u8]>, needed: u64) -> Result<&[u8], RecordError> {
    let mut input = bytes.unwrap_or_default();
    if (input.len() as u64) < needed {
        return Err(RecordError::Truncated { needed, available: input.len() as u64 });
    }
    if input.get_i16() < 0 {
        return Err(RecordError::InvalidRecord("negative version of a control record"));
    }
    Ok(input)
}
