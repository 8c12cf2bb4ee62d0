//! The metadata quorum as seen so far. Serves the watch; invariant: what any node holds as committed metadata is compared batch
//! by batch with what the others did.

use crate::simulate::broken::Broken;
use ottla_controller::raft::{Raft, Role};
use ottla_records::Batches;
use ottla_world::{Disk, Pid};
use std::collections::BTreeMap;

/// A node after its last event.
#[derive(Clone, Copy, Debug, Default)]
struct Memo {
    pid: Pid,
    high_watermark: i64,
    leads: Option<i32>,
}

/// The memory of the quorum.
#[derive(Debug, Default)]
pub(super) struct QuorumWatch {
    nodes: BTreeMap<i32, Memo>,
    /// The active controller of each epoch; its process too: nobody leads an epoch twice.
    active: BTreeMap<i32, (i32, Pid)>,
    /// Committed batches: epoch and check sum by base offset.
    committed: BTreeMap<i64, (i32, u32)>,
}

impl QuorumWatch {
    /// A node of the quorum after an event.
    pub(super) fn look(&mut self, id: i32, pid: Pid, raft: &Raft, disk: &Disk) -> Result<(), Broken> {
        let leads = matches!(raft.role(), Role::Leader(_)).then(|| raft.epoch());
        let memo = self.nodes.entry(id).or_default();
        if memo.pid != pid {
            *memo = Memo { pid, ..Memo::default() };
        }
        let (from, to) = (memo.high_watermark, raft.high_watermark());
        let news = leads.filter(|_| memo.leads != leads);
        (memo.high_watermark, memo.leads) = (to.max(from), leads);
        if let Some(epoch) = news {
            self.leads(id, pid, epoch, raft, disk)?;
        }
        if to > from { self.commits(id, raft, disk, from, to) } else { Ok(()) }
    }

    fn leads(&mut self, id: i32, pid: Pid, epoch: i32, raft: &Raft, disk: &Disk) -> Result<(), Broken> {
        let first = *self.active.entry(epoch).or_insert((id, pid));
        if first != (id, pid) {
            let other = first.0;
            return Err(Broken::TwoLeaders(format!("controllers {other} and {id} in epoch {epoch}")));
        }
        let end = self.committed.last_key_value().map_or(0, |(base, _)| base + 1);
        self.compare(id, raft, disk, 0, end)?;
        match self.committed.last_key_value() {
            Some((base, _)) if raft.log().end_offset() <= *base => Err(Broken::Metadata(format!(
                "controller {id} leads in epoch {epoch} with a log up to {}, committed is {base}",
                raft.log().end_offset()
            ))),
            _ => Ok(()),
        }
    }

    fn commits(&mut self, id: i32, raft: &Raft, disk: &Disk, from: i64, to: i64) -> Result<(), Broken> {
        self.compare(id, raft, disk, from.max(0), to)
    }

    /// What a node has in a range is what is known to be committed there; what is new there is committed from now on.
    fn compare(&mut self, id: i32, raft: &Raft, disk: &Disk, from: i64, to: i64) -> Result<(), Broken> {
        // What stands before the log's start is in a snapshot.
        let mut at = from.max(raft.log().start().offset);
        let takes_note = to <= raft.high_watermark();
        while at < to.min(raft.log().end_offset()) {
            let before = at;
            for batch in Batches::new(raft.log().read(disk, at, 1 << 20)).map_while(Result::ok) {
                let header = &batch.header;
                if header.base_offset >= to {
                    return Ok(());
                }
                at = at.max(header.next_offset());
                let here = (header.partition_leader_epoch, header.crc);
                let base = header.base_offset;
                let known = match self.committed.get(&base) {
                    Some(known) => *known,
                    None if takes_note => *self.committed.entry(base).or_insert(here),
                    None => continue,
                };
                if known != here {
                    return Err(Broken::Metadata(format!(
                        "at offset {base} node {id} has the batch {here:?} (epoch, CRC), committed is {known:?}"
                    )));
                }
            }
            if at == before {
                break;
            }
        }
        Ok(())
    }
}
