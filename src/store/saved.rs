//! What was kept of a lab, as read back: whole files and the journal.
//!
//! Serves the worker when it starts. Invariant: a file has the length it was kept with; what is missing of it is zeros, which no
//! checksum accepts: a broker truncates there, as after a power cut.

use ottla_world::EXTENT_BYTES;

/// All that was kept of one lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// The files of all disks, in the order of host and path.
    pub files: Vec<SavedFile>,
    /// The journal's entries, oldest first.
    pub journal: Vec<String>,
}

/// A file of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// The host whose disk it is.
    pub host: String,
    /// The file.
    pub path: String,
    /// Its content.
    pub data: Vec<u8>,
}

impl SavedFile {
    /// Puts a file together from its extents, each with its index. What lies beyond `len` bytes is not the file's.
    pub fn from_extents(host: String, path: String, len: u64, extents: &[(u64, Vec<u8>)]) -> Self {
        let mut data = Vec::new();
        for (index, bytes) in extents {
            let start = index.saturating_mul(EXTENT_BYTES).min(len);
            let end = start.saturating_add(bytes.len() as u64).min(len);
            // A length that was kept is one that memory held: it fits.
            let (start, end) = (start as usize, end as usize);
            data.resize(end.max(data.len()), 0);
            data[start..end].copy_from_slice(&bytes[..end - start]);
        }
        let held = extents.iter().map(|(index, _)| index.saturating_add(1).saturating_mul(EXTENT_BYTES)).max();
        data.resize(len.min(held.unwrap_or(0)) as usize, 0);
        Self { host, path, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(len: u64, extents: &[(u64, Vec<u8>)]) -> Vec<u8> {
        SavedFile::from_extents("h".into(), "p".into(), len, extents).data
    }

    #[test]
    fn a_file_has_its_length_and_its_extents() {
        let full = vec![1; EXTENT_BYTES as usize];
        assert!(file(0, &[]).is_empty());
        assert_eq!(file(2, &[(0, vec![7, 8])]), [7, 8]);
        assert_eq!(file(1, &[(0, vec![7, 8])]), [7]);
        let two = file(EXTENT_BYTES + 1, &[(0, full.clone()), (1, vec![9])]);
        assert_eq!((two.len() as u64, two.last()), (EXTENT_BYTES + 1, Some(&9)));
        let hole = file(EXTENT_BYTES + 2, &[(1, vec![9])]);
        assert_eq!((hole[0], hole[EXTENT_BYTES as usize], hole.last()), (0, 9, Some(&0)));
        // Damage does not make the page ask for more memory than there were extents.
        assert_eq!(file(u64::MAX, &[(0, vec![7])]).len() as u64, EXTENT_BYTES);
    }
}
