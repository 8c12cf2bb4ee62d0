//! What a host must keep elsewhere to be able to restore a disk. Serves the browser's store; invariant: applying all
//! changes in order to nothing gives the flushed part.

use super::rope::{EXTENT_BYTES, Rope};
use bytes::Bytes;
use std::collections::BTreeMap;

/// One change of the flushed part of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskChange {
    /// An extent of a file has this content; the file is `len` bytes long.
    Extent {
        /// The file.
        path: String,
        /// Which extent: it begins at `index * EXTENT_BYTES`.
        index: u64,
        /// Its bytes, at most `EXTENT_BYTES`.
        data: Bytes,
        /// The file's length in bytes; extents beyond it are gone.
        len: u64,
    },
    /// A file is gone.
    Removed {
        /// The file.
        path: String,
    },
}

impl DiskChange {
    /// Applies the change to files held as plain bytes.
    pub fn apply(self, files: &mut BTreeMap<String, Vec<u8>>) {
        match self {
            DiskChange::Extent { path, index, data, len } => {
                let file = files.entry(path).or_default();
                let start = (index * EXTENT_BYTES) as usize;
                file.resize(file.len().max(start + data.len()), 0);
                file[start..start + data.len()].copy_from_slice(&data);
                file.truncate(len as usize);
            }
            DiskChange::Removed { path } => {
                files.remove(&path);
            }
        }
    }
}

/// Records the extents of a file from byte `from` on (at least its last one, so that its length is known).
pub(super) fn extents(changes: &mut Vec<DiskChange>, path: &str, data: &Rope, from: u64) {
    let len = data.len();
    let last = len.saturating_sub(1) / EXTENT_BYTES;
    for index in (from / EXTENT_BYTES).min(last)..=last {
        let bytes = data.read(index * EXTENT_BYTES, EXTENT_BYTES);
        changes.push(DiskChange::Extent { path: path.to_owned(), index, data: bytes, len });
    }
}
