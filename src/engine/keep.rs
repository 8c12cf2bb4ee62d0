//! What is kept of a lab over a reload: disks, goals, time, journal. Serves the engine; invariant: what is read back was
//! written together, so a kept time is never earlier than a kept disk.

use crate::store::{Saved, StoreOp};
use ottla_lab::{DiskFiles, Lab, LabConfig};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is kept beside the disks. The stored form is this struct's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// What the lab was made from.
    pub config: LabConfig,
    /// Virtual time, in microseconds.
    pub now_us: u64,
    /// How many terminals were open.
    pub terminals: u32,
    /// The goals reached.
    pub goals: BTreeSet<String>,
}

/// A lab as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is kept beside the disks.
    pub meta: Meta,
    /// The disks' flushed parts.
    pub disks: DiskFiles,
}

/// The name under which a lab's meta data are kept.
pub fn meta_key(lab: &str) -> String {
    format!("lab:{lab}")
}

impl Kept {
    /// What the store has of a lab; `None` if there is nothing.
    ///
    /// # Errors
    /// Something is there and can't be read.
    pub fn read(meta: Option<&str>, saved: Saved) -> Result<Option<Kept>, String> {
        let Some(meta) = meta else { return Ok(None) };
        let meta: Meta = serde_json::from_str(meta).map_err(|e| e.to_string())?;
        meta.config.check().map_err(|e| e.to_string())?;
        let mut disks = DiskFiles::new();
        for file in saved.files {
            disks.entry(file.host).or_default().insert(file.path, file.data);
        }
        Ok(Some(Kept { meta, disks }))
    }
}

/// Collects what is new since the last batch.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    id: String,
    /// The store may hold an older lab of this name: drop it first.
    fresh: bool,
    journal_kept: usize,
}

impl Keeper {
    pub(super) fn new(id: String, fresh: bool) -> Keeper {
        Keeper { id, fresh, journal_kept: 0 }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn ops(&mut self, lab: &mut Lab, terminals: u32, goals: BTreeSet<String>) -> Vec<StoreOp> {
        let mut ops = Vec::new();
        if self.fresh {
            ops.push(StoreOp::DropLab);
        } else if self.journal_kept == 0 {
            ops.push(StoreOp::CutJournal { from: 0 });
        }
        for (host, change) in lab.take_disk_changes() {
            ops.push(StoreOp::of_disk(&host, change));
        }
        for line in lab.journal_lines(self.journal_kept) {
            ops.push(StoreOp::Journal { index: self.journal_kept as u64, entry: line });
            self.journal_kept += 1;
        }
        if ops.is_empty() {
            return ops;
        }
        self.fresh = false;
        let meta = Meta { config: lab.config().clone(), now_us: lab.now().as_micros(), terminals, goals };
        let value = serde_json::to_string(&meta).expect("meta data have string keys only");
        ops.push(StoreOp::Put { key: meta_key(&self.id), value });
        ops
    }
}
