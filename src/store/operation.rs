//! The changes of a batch, as data.
//!
//! Serves hosts, which collect them (a disk's [`DiskChange`] becomes one), and [`super::Store`], which carries them out.
//! Invariant: [`coalesce`] changes how much is written, never what is there afterwards.

use std::collections::BTreeSet;

use bytes::Bytes;
use ottla_world::DiskChange;

/// One change of what is kept. Disks and journals belong to the lab that a batch names; values to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOp {
    /// An extent of a file has this content; the file is `len` bytes long, and extents beyond that are gone.
    Extent {
        /// The host whose disk it is.
        host: String,
        /// The file.
        path: String,
        /// Which extent, in units of `ottla_world::EXTENT_BYTES`.
        index: u64,
        /// Its bytes.
        data: Bytes,
        /// The file's length in bytes.
        len: u64,
    },
    /// A file is gone.
    Removed {
        /// The host whose disk it was on.
        host: String,
        /// The file.
        path: String,
    },
    /// The journal's entry at a place.
    Journal {
        /// Its place, counted from 0.
        index: u64,
        /// Its text.
        entry: String,
    },
    /// The journal ends before a place: a run that forked from there goes on.
    CutJournal {
        /// The first place that is gone.
        from: u64,
    },
    /// The lab is gone: its disks and its journal.
    DropLab,
    /// A named value, of no lab.
    Put {
        /// Its name.
        key: String,
        /// The value.
        value: String,
    },
    /// A named value is gone.
    Delete {
        /// Its name.
        key: String,
    },
}

impl StoreOp {
    /// What a disk of `host` did.
    pub fn of_disk(host: &str, change: DiskChange) -> Self {
        let host = host.to_owned();
        match change {
            DiskChange::Extent { path, index, data, len } => Self::Extent { host, path, index, data, len },
            DiskChange::Removed { path } => Self::Removed { host, path },
        }
    }
}

/// Leaves out what a later change of the same batch overwrites: the tail of a log is written once a batch, not once a record.
pub fn coalesce(ops: Vec<StoreOp>) -> Vec<StoreOp> {
    let mut extents = BTreeSet::new();
    let mut removed = BTreeSet::new();
    let mut values = BTreeSet::new();
    let mut lab_is_gone = false;
    let mut kept = Vec::with_capacity(ops.len());
    for op in ops.into_iter().rev() {
        let keep = match &op {
            StoreOp::Extent { host, path, index, .. } => {
                let gone = lab_is_gone || removed.contains(&(host.clone(), path.clone()));
                !gone && extents.insert((host.clone(), path.clone(), *index))
            }
            StoreOp::Removed { host, path } => !lab_is_gone && removed.insert((host.clone(), path.clone())),
            StoreOp::Journal { .. } | StoreOp::CutJournal { .. } => !lab_is_gone,
            StoreOp::DropLab => !std::mem::replace(&mut lab_is_gone, true),
            StoreOp::Put { key, .. } | StoreOp::Delete { key } => values.insert(key.clone()),
        };
        if keep {
            kept.push(op);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(path: &str, index: u64, data: &'static str, len: u64) -> StoreOp {
        StoreOp::Extent { host: "h".into(), path: path.into(), index, data: data.into(), len }
    }
    fn removed(path: &str) -> StoreOp {
        StoreOp::Removed { host: "h".into(), path: path.into() }
    }
    fn put(key: &str, value: &str) -> StoreOp {
        StoreOp::Put { key: key.into(), value: value.into() }
    }

    #[test]
    fn only_what_is_overwritten_is_left_out() {
        let append = || StoreOp::Journal { index: 0, entry: "x".into() };
        let delete = || StoreOp::Delete { key: "k".into() };
        let cases = [
            (vec![extent("a", 0, "1", 1), extent("a", 0, "12", 2)], vec![1]),
            (vec![extent("a", 0, "1", 1), extent("b", 0, "1", 1), extent("a", 1, "1", 9)], vec![0, 1, 2]),
            (vec![extent("a", 0, "1", 1), removed("a"), extent("a", 0, "2", 1)], vec![1, 2]),
            (vec![extent("a", 0, "1", 1), removed("a"), removed("a")], vec![2]),
            (vec![append(), append()], vec![0, 1]),
            (vec![append(), extent("a", 0, "1", 1), put("k", "1"), StoreOp::DropLab, append()], vec![2, 3, 4]),
            (vec![put("k", "1"), put("l", "1"), delete(), put("k", "2")], vec![1, 3]),
        ];
        for (ops, kept) in cases {
            let expected: Vec<_> = kept.iter().map(|index: &usize| ops[*index].clone()).collect();
            assert_eq!(coalesce(ops.clone()), expected, "{ops:?}");
        }
    }
}
