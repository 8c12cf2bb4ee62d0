//! Batches of the metadata log: metadata records, or the one control record that opens a leader's epoch.
//!
//! Serves the raft log's writer and its readers. Invariant: a batch is uncompressed, with create time, and carries the
//! epoch of the leader that wrote it.

use super::fields::{MetadataRecordError, Reader, Tagged, put_array, put_tagged};
use super::{MetadataRecord, MetadataRecordError as Error};
use bytes::{BufMut, Bytes};
use ottla_records::{Batch, BatchBuilder, Compression, ControlType, Limits, TimestampType};

/// `LeaderChangeMessage` (version 0): the first record of every leader's epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderChange {
    /// The new leader.
    pub leader_id: i32,
    /// All voters.
    pub voters: Vec<i32>,
    /// Those whose vote made it leader.
    pub granting_voters: Vec<i32>,
}

/// What one batch of the metadata log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchContent {
    /// Metadata records with their offsets.
    Records(Vec<(i64, MetadataRecord)>),
    /// A leader announces itself.
    LeaderChange(LeaderChange),
    /// A snapshot begins; the time stamp of the last record of the log it stands for.
    SnapshotHeader(i64),
    /// A snapshot ends.
    SnapshotFooter,
    /// Another control batch, which this version need not understand.
    OtherControl,
}

/// A batch of metadata records. `timestamp` in milliseconds since 1970.
pub fn records_batch(records: &[MetadataRecord], base_offset: i64, leader_epoch: i32, timestamp: i64) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    for record in records {
        builder.append(timestamp, None, Some(&record.encode()), &[]);
    }
    builder.build(base_offset, leader_epoch)
}

/// The control batch that opens an epoch. `timestamp` in milliseconds since 1970.
pub fn leader_change_batch(change: &LeaderChange, base_offset: i64, leader_epoch: i32, timestamp: i64) -> Bytes {
    let mut value = Vec::new();
    value.put_i16(0);
    value.put_i32(change.leader_id);
    for voters in [&change.voters, &change.granting_voters] {
        put_array(&mut value, voters, |out, voter| {
            out.put_i32(*voter);
            put_tagged(out, Tagged::new());
        });
    }
    put_tagged(&mut value, Tagged::new());
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.set_control(true);
    builder.append(timestamp, Some(&ControlType::LeaderChange.key()), Some(&value), &[]);
    builder.build(base_offset, leader_epoch)
}

/// Reads one batch of the metadata log.
///
/// # Errors
/// A batch whose records can't be read, or hold what this version does not know.
pub fn read_batch(batch: &Batch) -> Result<BatchContent, Error> {
    let records = batch.records(&Limits::default())?;
    if !batch.header.is_control() {
        let decode = |record: ottla_records::Record| {
            let value = record.value.ok_or(Error::UnexpectedNull("value"))?;
            Ok((record.offset, MetadataRecord::decode(&value)?))
        };
        return records.into_iter().map(decode).collect::<Result<_, Error>>().map(BatchContent::Records);
    }
    let Some(record) = records.first() else { return Ok(BatchContent::OtherControl) };
    match ControlType::parse_key(record.key.as_deref())? {
        ControlType::LeaderChange => {
            let value = record.value.as_deref().ok_or(Error::UnexpectedNull("value"))?;
            read_leader_change(value).map(BatchContent::LeaderChange)
        }
        ControlType::SnapshotHeader => {
            let value = record.value.as_deref().ok_or(Error::UnexpectedNull("value"))?;
            super::snapshot::read_header(value).map(BatchContent::SnapshotHeader)
        }
        ControlType::SnapshotFooter => Ok(BatchContent::SnapshotFooter),
        _ => Ok(BatchContent::OtherControl),
    }
}

fn read_leader_change(value: &[u8]) -> Result<LeaderChange, MetadataRecordError> {
    let mut input = Reader { rest: value };
    let version = input.i16()?;
    let voter = |input: &mut Reader<'_>| {
        let id = input.i32()?;
        if version >= 1 {
            input.uuid()?;
        }
        input.skip_tagged()?;
        Ok(id)
    };
    Ok(LeaderChange {
        leader_id: input.i32()?,
        voters: input.list("voters", 5, voter)?,
        granting_voters: input.list("grantingVoters", 5, voter)?,
    })
}
