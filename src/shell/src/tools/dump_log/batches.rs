//! The batches of a `.log` or `.checkpoint` file and their records. Serves kafka-dump-log; invariant: batches are read one after the
//! other as the log's own readers do, and what is no batch any more is counted, not guessed at.

use super::{Dump, Named, read};
use crate::tools::tool::Tool;
use ottla_client::JavaError;
use ottla_records::{Batch, Batches, Compression, ControlType, EndTransactionMarker, Limits, Record, TimestampType};
use ottla_wire::schema::{Cursor, SNAPSHOT_FOOTER, SNAPSHOT_HEADER, Schema, to_json};

impl Dump {
    pub(super) fn log(&mut self, tool: &mut Tool<'_, '_>, named: Named<'_>) -> Result<(), JavaError> {
        if named.last.ends_with(".log") {
            tool.println(format!("Log starting offset: {}", named.base_offset()?));
        } else if named.last == "bootstrap.checkpoint" {
            tool.println("KRaft bootstrap snapshot");
        } else {
            let (offset, epoch) = snapshot_id(named.last).ok_or_else(no_value)?;
            tool.println(format!("Snapshot end offset: {offset}, epoch: {epoch}"));
        }
        let file = read(tool, named.typed)?;
        let length = (file.len() as u64).min(self.max_bytes);
        let mut batches = Batches::new(file.slice(..length as usize));
        let mut last = None;
        loop {
            let position = batches.position();
            let Some(Ok(batch)) = batches.next() else { break };
            batch_line(tool, &batch, position);
            if self.deep {
                self.records(tool, named, &batch, &mut last)?;
            }
        }
        let rest = length - batches.position().min(length);
        if rest > 0 && self.max_bytes == i32::MAX as u64 {
            tool.println(format!("Found {rest} invalid bytes at the end of {}", named.last));
        }
        Ok(())
    }

    fn records(
        &mut self,
        tool: &mut Tool<'_, '_>,
        named: Named<'_>,
        batch: &Batch,
        last: &mut Option<i64>,
    ) -> Result<(), JavaError> {
        let records = batch.records(&Limits::default());
        let records = records.map_err(|error| {
            JavaError::new("org.apache.kafka.common.record.InvalidRecordException", error.to_string())
        })?;
        for record in records {
            if let Some(before) = last.replace(record.offset)
                && record.offset != before + 1
            {
                self.gaps.entry(named.absolute(tool)).or_default().push((before, record.offset));
            }
            let mut parts = Vec::new();
            if !self.skip_metadata {
                parts.push(metadata(batch, &record));
            }
            if self.print_data && !batch.header.is_control() {
                let (key, value) = self.decoder.parse(&record).inspect_err(|_| {
                    // The line is left without its end.
                    tool.print(line(&parts).as_bytes());
                })?;
                parts.extend(key.map(|key| format!("key: {key}")));
                parts.extend(value.map(|value| format!("payload: {value}")));
            }
            tool.println(line(&parts));
        }
        Ok(())
    }
}

fn line(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("| {}", parts.join(" ")) }
}

fn no_value() -> JavaError {
    JavaError::new("java.util.NoSuchElementException", "No value present")
}

/// Offset and epoch in the name of a snapshot of the metadata log.
fn snapshot_id(name: &str) -> Option<(i64, i32)> {
    let (offset, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
    Some((offset.parse().ok()?, epoch.parse().ok()?))
}

fn timestamp_type(batch: &Batch) -> &'static str {
    match batch.header.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

fn batch_line(tool: &mut Tool<'_, '_>, batch: &Batch, position: u64) {
    let header = &batch.header;
    let horizon = match header.delete_horizon_ms() {
        Some(ms) => format!("OptionalLong[{ms}]"),
        None => "OptionalLong.empty".to_owned(),
    };
    let codec = match header.compression() {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    };
    tool.println(format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} position: {position} \
         {}: {} size: {} magic: {} compresscodec: {codec} crc: {} isvalid: {}",
        header.base_offset,
        header.last_offset(),
        header.records_count,
        header.base_sequence,
        header.last_sequence(),
        header.producer_id,
        header.producer_epoch,
        header.partition_leader_epoch,
        header.is_transactional(),
        header.is_control(),
        timestamp_type(batch),
        header.max_timestamp,
        header.size_in_bytes(),
        ottla_records::MAGIC,
        header.crc,
        batch.verify_crc().is_ok(),
    ));
}

fn metadata(batch: &Batch, record: &Record) -> String {
    let size = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(-1, |bytes| bytes.len() as i64);
    let header = &batch.header;
    let delta = i32::try_from(record.offset - header.base_offset).unwrap_or(0);
    let sequence = match header.base_sequence {
        sequence if sequence < 0 => sequence,
        sequence => ottla_records::increment_sequence(sequence, delta),
    };
    let keys: Vec<_> = record.headers.iter().map(|header| String::from_utf8_lossy(&header.key)).collect();
    let text = format!(
        "offset: {} {}: {} keySize: {} valueSize: {} sequence: {sequence} headerKeys: [{}]",
        record.offset,
        timestamp_type(batch),
        record.timestamp,
        size(&record.key),
        size(&record.value),
        keys.join(","),
    );
    if header.is_control() { text + &control(record) } else { text }
}

/// What a control record says.
fn control(record: &Record) -> String {
    let json = |schema: &Schema| {
        let mut cursor = Cursor { rest: record.value.as_deref().unwrap_or_default() };
        to_json(schema, 0, &mut cursor).unwrap_or_else(|error| error.to_string())
    };
    let kind = ControlType::parse_key(record.key.as_deref()).unwrap_or(ControlType::Unknown(-1));
    match (kind, EndTransactionMarker::parse(record)) {
        (ControlType::Abort | ControlType::Commit, Ok(marker)) => {
            let word = if marker.committed { "COMMIT" } else { "ABORT" };
            format!(" endTxnMarker: {word} coordinatorEpoch: {}", marker.coordinator_epoch)
        }
        (ControlType::SnapshotHeader, _) => format!(" SnapshotHeader {}", json(&SNAPSHOT_HEADER)),
        (ControlType::SnapshotFooter, _) => format!(" SnapshotFooter {}", json(&SNAPSHOT_FOOTER)),
        (ControlType::LeaderChange, _) => " controlType: LEADER_CHANGE(2)".to_owned(),
        (other, _) => format!(" controlType: UNKNOWN({})", other.id()),
    }
}
