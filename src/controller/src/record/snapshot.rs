//! A snapshot of the metadata as a file (KIP-630): a header, the records that make the image, a footer (`RecordsSnapshotWriter`).
//!
//! Serves the members of the quorum. Invariant: what is read without an error is whole: header, footer and checksums agree.

use super::batch::{BatchContent, read_batch, records_batch};
use super::{MetadataRecord, MetadataRecordError};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_records::{BatchBuilder, Batches, Compression, ControlType, RecordError, TimestampType};

/// Records in one batch of a snapshot (`RaftSnapshotWriter.batchSize`).
const RECORDS_IN_A_BATCH: usize = 1024;

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotContent {
    /// Time stamp of the last record of the log that it stands for, in milliseconds since 1970.
    pub last_contained_ms: i64,
    /// The records that make the image.
    pub records: Vec<MetadataRecord>,
}

/// The file of a snapshot whose last record was written in `epoch`. `now_ms` in milliseconds since 1970.
pub fn write_snapshot(content: &SnapshotContent, epoch: i32, now_ms: i64) -> Bytes {
    let mut file = BytesMut::new();
    let mut header = Vec::new();
    header.put_i16(0);
    header.put_i64(content.last_contained_ms);
    header.put_u8(0);
    file.put(control_batch(ControlType::SnapshotHeader, &header, 0, epoch, now_ms));
    let mut offset = 1;
    for records in content.records.chunks(RECORDS_IN_A_BATCH) {
        file.put(records_batch(records, offset, epoch, now_ms));
        offset += records.len() as i64;
    }
    file.put(control_batch(ControlType::SnapshotFooter, &[0, 0, 0], offset, epoch, now_ms));
    file.freeze()
}

fn control_batch(kind: ControlType, value: &[u8], offset: i64, epoch: i32, now_ms: i64) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
    builder.set_control(true);
    builder.append(now_ms, Some(&kind.key()), Some(value), &[]);
    builder.build(offset, epoch)
}

/// Reads a snapshot.
///
/// # Errors
/// Bytes that are no whole snapshot, or hold what this version does not know.
pub fn read_snapshot(file: Bytes) -> Result<SnapshotContent, MetadataRecordError> {
    let mut content = SnapshotContent { last_contained_ms: -1, records: Vec::new() };
    let (mut offset, mut begun, mut ended) = (0, false, false);
    for batch in Batches::strict(file) {
        let batch = batch?;
        batch.verify_crc()?;
        if ended || batch.header.base_offset != offset {
            return Err(MetadataRecordError::Snapshot("batches do not follow each other"));
        }
        offset = batch.header.next_offset();
        match read_batch(&batch)? {
            BatchContent::SnapshotHeader(last_contained_ms) if !begun => {
                content.last_contained_ms = last_contained_ms;
                begun = true;
            }
            BatchContent::Records(records) if begun => {
                content.records.extend(records.into_iter().map(|(_, record)| record));
            }
            BatchContent::SnapshotFooter if begun => ended = true,
            // Version and voters of the quorum, which a static quorum has not.
            BatchContent::OtherControl if begun => {}
            _ => return Err(MetadataRecordError::Snapshot("a batch where it does not belong")),
        }
    }
    if ended { Ok(content) } else { Err(MetadataRecordError::Snapshot("no footer")) }
}

/// The time stamp in the value of a header record.
pub(super) fn read_header(value: &[u8]) -> Result<i64, MetadataRecordError> {
    let bytes = value.get(2..10).and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(i64::from_be_bytes)
        .ok_or(MetadataRecordError::Batch(RecordError::Truncated { needed: 10, available: value.len() as u64 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_back_whole_or_not_at_all() {
        let records = vec![MetadataRecord::EndTransaction; 3000];
        let content = SnapshotContent { last_contained_ms: 77, records };
        let file = write_snapshot(&content, 4, 99);
        assert_eq!(read_snapshot(file.clone()), Ok(content));
        for cut in [0, 1, 60, 90, file.len() / 2, file.len() - 1] {
            assert!(read_snapshot(file.slice(..cut)).is_err(), "cut at {cut}");
        }
        let mut damaged = file.to_vec();
        damaged[200] ^= 1;
        assert!(read_snapshot(damaged.into()).is_err());
        assert!(read_snapshot([&file[..], &file[..]].concat().into()).is_err());
    }
}
