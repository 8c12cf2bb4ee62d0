//! The files beside a log: offset, time and transaction index, producer snapshot. Serves kafka-dump-log; invariant: entries are read
//! from the bytes, and compared with the log that stands beside them.

use super::{Dump, Named, read};
use crate::{
    files::{Files, resolve},
    tools::tool::Tool,
};
use bytes::{Buf, Bytes};
use ottla_client::JavaError;
use ottla_records::{Batch, Batches, Limits, NO_TIMESTAMP};
use std::collections::BTreeMap;

const OFFSET_ENTRY: usize = 8;
const TIME_ENTRY: usize = 12;

/// What a time index and its log do not agree on (Kafka: `TimeIndexDumpErrors`).
#[derive(Clone, Debug, Default)]
pub struct TimeErrors {
    mismatches: BTreeMap<String, Vec<(i64, i64)>>,
    out_of_order: BTreeMap<String, Vec<(i64, i64)>>,
    not_found: BTreeMap<String, Vec<(i64, i64)>>,
}

impl TimeErrors {
    pub(super) fn report(&self, tool: &mut Tool<'_, '_>) {
        for (file, pairs) in &self.mismatches {
            tool.eprintln(format!("Found timestamp mismatch in :{file}"));
            for (index, log) in pairs {
                tool.eprintln(format!("  Index timestamp: {index}, log timestamp: {log}"));
            }
        }
        for (file, pairs) in &self.out_of_order {
            tool.eprintln(format!("Found out of order timestamp in :{file}"));
            for (index, before) in pairs {
                tool.eprintln(format!("  Index timestamp: {index}, Previously indexed timestamp: {before}"));
            }
        }
        for pairs in self.not_found.values() {
            tool.eprintln("The following indexed offsets are not found in the log.");
            for (index, log) in pairs {
                tool.eprintln(format!("Indexed offset: {index}, found log offset: {log}"));
            }
        }
    }
}

/// The bytes of an index. Kafka preallocates the indexes of a segment that is appended to, and dumps see the zeros; the lab's
/// disks keep only what was written, so one entry of zeros stands for them.
fn index(tool: &Tool<'_, '_>, named: Named<'_>, entry: usize) -> Result<Bytes, JavaError> {
    let bytes = read(tool, named.typed)?;
    match bytes.is_empty() && is_active(tool, named) {
        true => Ok(vec![0; entry].into()),
        false => Ok(bytes),
    }
}

/// Whether the segment is the newest of a log that is in use.
fn is_active(tool: &Tool<'_, '_>, named: Named<'_>) -> bool {
    let path = resolve(&tool.invocation.cwd, named.typed);
    let files = Files::of(tool.cx);
    let Some((directory, _)) = path.rsplit_once('/') else { return false };
    let log_dir = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
    let stem = named.last.split('.').next().unwrap_or_default();
    let newer = |(name, _): &(String, bool)| name.strip_suffix(".log").is_some_and(|other| other > stem);
    !files.exists(&format!("{log_dir}/.kafka_cleanshutdown")) && !files.entries(directory).iter().any(newer)
}

fn batches(log: &Bytes, position: i32) -> Batches {
    let from = usize::try_from(position).unwrap_or(0).min(log.len());
    Batches::new(log.slice(from..))
}

impl Dump {
    pub(super) fn offset_index(&mut self, tool: &mut Tool<'_, '_>, named: Named<'_>) -> Result<(), JavaError> {
        let base = named.base_offset()?;
        let log = read(tool, &named.beside(".log"))?;
        let mut rest = index(tool, named, OFFSET_ENTRY)?;
        if rest.len() < OFFSET_ENTRY {
            tool.println(format!("{} is empty.", named.typed));
            return Ok(());
        }
        if self.sanity_only {
            return self.sanity(tool, named, rest.len(), OFFSET_ENTRY, "Index");
        }
        let mut first = true;
        while rest.len() >= OFFSET_ENTRY {
            let (offset, position) = (base + i64::from(rest.get_i32()), rest.get_i32());
            if offset == base && !first {
                break;
            }
            first = false;
            let missing = || JavaError { message: None, ..JavaError::new("java.util.NoSuchElementException", "") };
            let batch = batches(&log, position).next().and_then(Result::ok).ok_or_else(missing)?;
            if batch.header.last_offset() != offset {
                let pair = (offset, batch.header.last_offset());
                self.mismatches.entry(named.absolute(tool)).or_default().push(pair);
            }
            if !self.verify_only {
                tool.println(format!("offset: {offset} position: {position}"));
            }
        }
        Ok(())
    }

    fn sanity(
        &self,
        tool: &mut Tool<'_, '_>,
        named: Named<'_>,
        length: usize,
        entry: usize,
        kind: &str,
    ) -> Result<(), JavaError> {
        if !length.is_multiple_of(entry) {
            let text = format!(
                "{kind} file {} is corrupt, found {length} bytes which is neither positive nor a multiple of {entry}.",
                named.absolute(tool)
            );
            return Err(JavaError::new("org.apache.kafka.storage.internals.log.CorruptIndexException", text));
        }
        tool.println(format!("{} passed sanity check.", named.typed));
        Ok(())
    }

    pub(super) fn time_index(&mut self, tool: &mut Tool<'_, '_>, named: Named<'_>) -> Result<(), JavaError> {
        let base = named.base_offset()?;
        let log = read(tool, &named.beside(".log"))?;
        let offsets = read(tool, &named.beside(".index"))?;
        let mut rest = index(tool, named, TIME_ENTRY)?;
        if self.sanity_only {
            return self.sanity(tool, named, rest.len(), TIME_ENTRY, "Time index");
        }
        let mut before = NO_TIMESTAMP;
        let mut first = true;
        while rest.len() >= TIME_ENTRY {
            let (timestamp, offset) = (rest.get_i64(), base + i64::from(rest.get_i32()));
            if offset == base && !first {
                break;
            }
            first = false;
            let from = batches(&log, position_of(&offsets, base, offset)).filter_map(Result::ok);
            let found = { from }.find(|batch| batch.header.last_offset() >= offset);
            self.compare_times(&named.absolute(tool), (timestamp, offset), before, found.as_ref());
            if !self.verify_only {
                tool.println(format!("timestamp: {timestamp} offset: {offset}"));
            }
            before = timestamp;
        }
        Ok(())
    }

    fn compare_times(&mut self, file: &str, (timestamp, offset): (i64, i64), before: i64, found: Option<&Batch>) {
        let add =
            |list: &mut BTreeMap<String, Vec<(i64, i64)>>, pair| list.entry(file.to_owned()).or_default().push(pair);
        match found {
            Some(batch) if batch.header.last_offset() == offset => {
                let records = batch.records(&Limits::default()).unwrap_or_default();
                let greatest = records.iter().map(|record| record.timestamp).max().unwrap_or(NO_TIMESTAMP);
                if greatest != timestamp {
                    add(&mut self.times.mismatches, (timestamp, greatest));
                }
                if before >= timestamp {
                    add(&mut self.times.out_of_order, (timestamp, before));
                }
            }
            other => add(&mut self.times.not_found, (offset, other.map_or(-1, |batch| batch.header.last_offset()))),
        }
    }
}

/// Where to begin to look for an offset: the position of the last entry at or before it.
fn position_of(offsets: &Bytes, base: i64, offset: i64) -> i32 {
    let mut rest = offsets.clone();
    let mut position = 0;
    while rest.len() >= OFFSET_ENTRY {
        let (entry, at) = (base + i64::from(rest.get_i32()), rest.get_i32());
        if entry > offset {
            break;
        }
        position = at;
    }
    position
}

/// A `.snapshot` file: the producers of a partition (Kafka: `ProducerStateManager.readSnapshot`).
pub fn producer_snapshot(tool: &mut Tool<'_, '_>, named: Named<'_>) -> Result<(), JavaError> {
    const ENTRY: usize = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;
    let mut rest = read(tool, named.typed)?;
    if rest.len() < 10 || rest.get_i16() != 1 {
        tool.eprintln("Snapshot contained an unknown file version");
        return Ok(());
    }
    let (checksum, count) = (rest.get_u32(), rest.clone().get_i32());
    if ottla_records::crc32c(&rest) != checksum {
        tool.eprintln("Snapshot is corrupt (CRC is no longer valid). Stored crc is different from the computed one.");
        return Ok(());
    }
    rest.advance(4);
    for _ in 0..count.max(0) {
        if rest.len() < ENTRY {
            break;
        }
        let (producer_id, epoch, last_sequence) = (rest.get_i64(), rest.get_i16(), rest.get_i32());
        let (last_offset, delta, timestamp) = (rest.get_i64(), rest.get_i32(), rest.get_i64());
        let (coordinator_epoch, first_offset) = (rest.get_i32(), rest.get_i64());
        let open =
            if first_offset < 0 { "OptionalLong.empty".to_owned() } else { format!("OptionalLong[{first_offset}]") };
        let batch = match last_offset {
            -1 => String::new(),
            _ => format!(
                "firstSequence: {} lastSequence: {last_sequence} lastOffset: {last_offset} offsetDelta: {delta} timestamp: {timestamp}",
                ottla_records::decrement_sequence(last_sequence, delta)
            ),
        };
        tool.println(format!(
            "producerId: {producer_id} producerEpoch: {epoch} coordinatorEpoch: {coordinator_epoch} \
             currentTxnFirstOffset: {open} lastTimestamp: {timestamp} {batch}"
        ));
    }
    Ok(())
}

/// A `.txnindex` file: the aborted transactions of a segment.
pub fn transaction_index(tool: &mut Tool<'_, '_>, named: Named<'_>) -> Result<(), JavaError> {
    const ENTRY: usize = 2 + 4 * 8;
    let mut rest = read(tool, named.typed)?;
    while rest.len() >= ENTRY {
        let version = rest.get_i16();
        let [producer, first, last, stable] = [(); 4].map(|()| rest.get_i64());
        tool.println(format!(
            "version: {version} producerId: {producer} firstOffset: {first} lastOffset: {last} lastStableOffset: {stable}"
        ));
    }
    Ok(())
}
