//! Committed batches, handed out in order. Serves whoever replays; invariant: each batch once, none above the high
//! watermark, without a gap but where a snapshot stands for what is missing.

use super::{Quorum, halt};
use crate::raft::EpochAndOffset;
use crate::record::{BatchContent, MetadataRecord, read_batch, read_snapshot};
use ottla_records::Batches;
use ottla_world::Context;

/// Bytes read from the log at once.
const READ_BYTES: u64 = 1 << 20;

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBatch {
    /// Offset of its last record.
    pub last_offset: i64,
    /// Epoch of the leader that wrote it.
    pub epoch: i32,
    /// What it says.
    pub content: Committed,
}

/// What a batch, or what stands for many, says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// A batch of the log.
    Batch(BatchContent),
    /// A snapshot: these records make the whole image; whatever was replayed before is forgotten.
    Snapshot(Vec<MetadataRecord>),
}

impl Quorum {
    /// What was committed since the last call. A batch that can't be read ends the process.
    pub fn take_committed(&mut self, cx: &mut Context<'_>) -> Vec<CommittedBatch> {
        let mut taken = Vec::new();
        if self.next_committed >= self.raft.high_watermark() {
            return taken;
        }
        let start = self.raft.log().start().offset;
        if self.next_committed == 0 || self.next_committed < start {
            taken.extend(self.take_snapshot(cx));
        }
        while self.next_committed < self.raft.high_watermark() {
            let bytes = self.raft.log().read(cx.disk(), self.next_committed, READ_BYTES);
            let before = self.next_committed;
            for batch in Batches::new(bytes).flatten() {
                let header = &batch.header;
                if header.base_offset >= self.raft.high_watermark() {
                    break;
                }
                // A snapshot ends where a batch ends, so that what follows begins with one.
                assert_eq!(header.base_offset, self.next_committed, "what is committed is handed out without a gap");
                let last_offset = header.last_offset();
                let end = EpochAndOffset { epoch: header.partition_leader_epoch, offset: last_offset + 1 };
                assert!(end.epoch >= self.progress.epoch(), "epochs rise along the log");
                self.next_committed = end.offset;
                self.progress.count(batch.bytes.len() as u64, end, header.max_timestamp);
                match read_batch(&batch) {
                    Ok(content) => {
                        let content = Committed::Batch(content);
                        taken.push(CommittedBatch { last_offset, epoch: end.epoch, content });
                    }
                    Err(error) => {
                        halt(cx, &error);
                        return taken;
                    }
                }
            }
            if self.next_committed == before {
                break;
            }
        }
        taken
    }

    /// The newest snapshot, if it says more than what was handed out.
    fn take_snapshot(&mut self, cx: &mut Context<'_>) -> Option<CommittedBatch> {
        let id = self.raft.log().latest_snapshot()?.id;
        if id.offset <= self.next_committed || id.offset > self.raft.high_watermark() {
            return None;
        }
        let file = self.raft.log().snapshot_file(cx.disk(), id).unwrap_or_default();
        match read_snapshot(file) {
            Ok(content) => {
                self.next_committed = id.offset;
                self.progress.reset(cx.now(), id, content.last_contained_ms);
                let (last_offset, epoch) = (id.offset - 1, id.epoch);
                Some(CommittedBatch { last_offset, epoch, content: Committed::Snapshot(content.records) })
            }
            Err(error) => {
                halt(cx, &error);
                None
            }
        }
    }
}
