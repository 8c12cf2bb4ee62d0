//! Committed batches, handed out in order. Serves whoever replays; invariant: each batch once, none above the high
//! watermark.

use super::{Quorum, halt};
use crate::record::{BatchContent, read_batch};
use ottla_records::Batches;
use ottla_world::Context;

/// Bytes read from the log at once.
const READ_BYTES: u64 = 1 << 20;

/// A committed batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBatch {
    /// Offset of its last record.
    pub last_offset: i64,
    /// Epoch of the leader that wrote it.
    pub epoch: i32,
    /// What it says.
    pub content: BatchContent,
}

impl Quorum {
    /// The batches committed since the last call. A batch that can't be read ends the process.
    pub fn take_committed(&mut self, cx: &mut Context<'_>) -> Vec<CommittedBatch> {
        let mut taken = Vec::new();
        while self.next_committed < self.raft.high_watermark() {
            let bytes = self.raft.log().read(cx.disk(), self.next_committed, READ_BYTES);
            let before = self.next_committed;
            for batch in Batches::new(bytes).flatten() {
                let header = &batch.header;
                if header.base_offset >= self.raft.high_watermark() {
                    break;
                }
                let last_offset = header.base_offset + i64::from(header.last_offset_delta);
                self.next_committed = last_offset + 1;
                match read_batch(&batch) {
                    Ok(content) => {
                        taken.push(CommittedBatch { last_offset, epoch: header.partition_leader_epoch, content });
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
}
