//! A virtual disk: files with a page cache and a flushed part. Serves hosts and, through their context, processes.
//!
//! Invariant: what a process reads is the page cache; what survives a power cut is the flushed part, plus at most a
//! damaged piece of what was appended since. Names (create, remove, rename) are durable at once, as on a journaling file
//! system. A failing device changes nothing any more, as a file system that was remounted read-only: what stands in the
//! page cache can still be read, every change and every flush is refused. Cloning shares all data.

mod change;
mod file;
mod rope;

pub use change::DiskChange;
pub use rope::EXTENT_BYTES;

use crate::{Digest, Rng};
use bytes::Bytes;
use file::File;
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;

/// Why a disk refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DiskError {
    /// No such file.
    #[error("{0}: no such file")]
    NotFound(String),
    /// No space left (ENOSPC).
    #[error("{0}: no space left on device")]
    Full(String),
    /// The device fails (EIO).
    #[error("{0}: input/output error")]
    Failed(String),
}

/// The disk of one host. Paths are absolute or relative to the host's one root, with `/` between names.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<Arc<str>, File>,
    /// Bytes in all files.
    used_bytes: u64,
    /// Files with bytes that are not flushed.
    dirty_files: u64,
    capacity_bytes: Option<u64>,
    failing: bool,
    refused: Option<DiskError>,
    changes: Option<Vec<DiskChange>>,
}

impl Disk {
    /// Starts to record what reaches the flushed part, for a host that keeps it elsewhere.
    pub fn track_changes(&mut self) {
        self.changes.get_or_insert_with(Vec::new);
    }

    /// What reached the flushed part since the last call.
    pub fn take_changes(&mut self) -> Vec<DiskChange> {
        self.changes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Limits the bytes that fit; `None` lifts the limit.
    pub fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity_bytes = bytes;
    }

    /// The limit of the bytes that fit.
    pub fn capacity(&self) -> Option<u64> {
        self.capacity_bytes
    }

    /// Makes every write, flush, rename and removal fail (EIO), or work again.
    pub fn set_failing(&mut self, failing: bool) {
        self.failing = failing;
    }

    /// Whether the device fails.
    pub fn is_failing(&self) -> bool {
        self.failing
    }

    /// The first refusal since the last call. What a program does that gives up when its disk does, whichever of its parts
    /// met the error, as Kafka's `LogDirFailureChannel` carries it.
    pub fn take_refusal(&mut self) -> Option<DiskError> {
        self.refused.take()
    }

    /// Bytes in all files.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    fn admit(&mut self, path: &str, more: u64) -> Result<(), DiskError> {
        let error = match self.capacity_bytes {
            _ if self.failing => DiskError::Failed(path.to_owned()),
            Some(limit) if more > 0 && self.used_bytes() + more > limit => DiskError::Full(path.to_owned()),
            _ => return Ok(()),
        };
        self.refused.get_or_insert_with(|| error.clone());
        Err(error)
    }

    /// Appends to a file, which is made if missing.
    ///
    /// # Errors
    /// Full or failing disk; then nothing was written.
    pub fn append(&mut self, path: &str, data: &[u8]) -> Result<(), DiskError> {
        self.admit(path, data.len() as u64)?;
        self.change(path, |file| file.append(data));
        Ok(())
    }

    /// Replaces a whole file, as writing a temporary file, flushing it and renaming it over the old one does: a power cut
    /// leaves the old or the new content, and the new one is durable.
    ///
    /// # Errors
    /// Full or failing disk; then the old content stays.
    pub fn replace(&mut self, path: &str, data: &[u8]) -> Result<(), DiskError> {
        self.admit(path, data.len() as u64)?;
        self.change(path, |file| file.replace(data));
        self.flush(path)
    }

    /// Cuts a file to `len` bytes; a shorter or missing file stays as it is.
    ///
    /// # Errors
    /// Failing disk.
    pub fn truncate(&mut self, path: &str, len: u64) -> Result<(), DiskError> {
        self.admit(path, 0)?;
        if self.files.contains_key(path) {
            self.change(path, |file| file.truncate(len));
        }
        Ok(())
    }

    /// Up to `len` bytes from `offset`; fewer at the end of the file; `None` without a file.
    pub fn read(&self, path: &str, offset: u64, len: u64) -> Option<Bytes> {
        self.files.get(path).map(|f| f.data.read(offset, len))
    }

    /// The whole file.
    pub fn read_all(&self, path: &str) -> Option<Bytes> {
        self.read(path, 0, u64::MAX)
    }

    /// The length of a file in bytes.
    pub fn len(&self, path: &str) -> Option<u64> {
        self.files.get(path).map(|f| f.data.len())
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether the file is there.
    pub fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The paths that begin with `prefix`, in order.
    pub fn list<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.files
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
            .map(|(path, _)| path.as_ref())
            .take_while(move |path| path.starts_with(prefix))
    }

    /// Removes a file; false if there was none, or if the disk fails.
    pub fn remove(&mut self, path: &str) -> bool {
        let removed = self.admit(path, 0).is_ok() && self.take_out(path).is_some();
        if removed {
            self.record(DiskChange::Removed { path: path.to_owned() });
        }
        removed
    }

    /// Removes every file whose path begins with `prefix`; none if the disk fails.
    pub fn remove_all(&mut self, prefix: &str) {
        let paths: Vec<String> = self.list(prefix).map(str::to_owned).collect();
        for path in paths {
            self.remove(&path);
        }
    }

    /// Renames a file, replacing the one at `to`; its content becomes durable.
    ///
    /// # Errors
    /// No such file, or a failing disk.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.admit(from, 0)?;
        let mut file = self.take_out(from).ok_or_else(|| DiskError::NotFound(from.to_owned()))?;
        self.take_out(to);
        self.record(DiskChange::Removed { path: from.to_owned() });
        file.dirty_from = Some(0);
        (self.used_bytes, self.dirty_files) = (self.used_bytes + file.data.len(), self.dirty_files + 1);
        self.files.insert(to.into(), file);
        self.flush(to)
    }

    /// Brings one file to the flushed part; nothing happens if there is no such file.
    ///
    /// # Errors
    /// Failing disk; then the file stays unflushed.
    pub fn flush(&mut self, path: &str) -> Result<(), DiskError> {
        if self.failing {
            self.admit(path, 0)?;
        }
        let Some(file) = self.files.get_mut(path) else { return Ok(()) };
        let Some(from) = file.flush() else { return Ok(()) };
        self.dirty_files -= 1;
        if let Some(changes) = &mut self.changes {
            change::extents(changes, path, &file.data, from);
        }
        Ok(())
    }

    /// Brings every file to the flushed part, as `sync` does.
    ///
    /// # Errors
    /// Failing disk; then all stays unflushed.
    pub fn flush_all(&mut self) -> Result<(), DiskError> {
        if !self.is_dirty() {
            return Ok(());
        }
        self.dirty_paths().iter().try_for_each(|path| self.flush(path))
    }

    /// What the operating system does on its own with bytes that stand in the page cache for long. A failing disk tells no
    /// process: there is none to tell.
    pub(crate) fn write_back(&mut self) {
        if !self.failing {
            drop(self.flush_all());
        }
    }

    /// Whether some file has bytes that are not flushed.
    pub fn is_dirty(&self) -> bool {
        self.dirty_files > 0
    }

    fn dirty_paths(&self) -> Vec<Arc<str>> {
        self.files.iter().filter(|(_, f)| f.dirty_from.is_some()).map(|(p, _)| p.clone()).collect()
    }

    /// Power is gone: each file falls back to its flushed part. Of what was appended since, a random piece may have
    /// reached the disk, and its last bytes may be garbage (a torn write).
    pub fn power_cut(&mut self, rng: &mut Rng) {
        for path in self.dirty_paths() {
            let mut vanished = false;
            self.change(&path, |file| vanished = file.power_cut(rng));
            if vanished {
                self.take_out(&path);
                self.record(DiskChange::Removed { path: path.to_string() });
            } else if let (Some(changes), Some(file)) = (&mut self.changes, self.files.get(&path)) {
                change::extents(changes, &path, &file.data, 0);
            }
        }
    }

    /// The flushed part of every file.
    pub fn durable_files(&self) -> impl Iterator<Item = (&str, Bytes)> {
        self.files.iter().filter_map(|(p, f)| Some((p.as_ref(), f.durable()?.read(0, u64::MAX))))
    }

    /// Puts a file there as already flushed: how a host restores what it kept.
    pub fn restore(&mut self, path: &str, data: &[u8]) {
        self.change(path, |file| {
            file.replace(data);
            file.flush();
        });
    }

    /// Feeds names and contents to a digest.
    pub fn digest(&self, digest: &mut Digest) {
        for (path, file) in &self.files {
            digest.bytes(path.as_bytes());
            file.data.digest(digest);
            digest.number(file.dirty_from.unwrap_or(u64::MAX));
        }
    }

    /// Changes a file, which is made if missing, and keeps the sums right.
    fn change(&mut self, path: &str, change: impl FnOnce(&mut File)) {
        if !self.files.contains_key(path) {
            self.files.insert(path.into(), File::default());
        }
        let file = self.files.get_mut(path).expect("just inserted");
        let (bytes, dirty) = (file.data.len(), file.dirty_from.is_some());
        change(file);
        self.used_bytes = self.used_bytes - bytes + file.data.len();
        self.dirty_files = self.dirty_files - u64::from(dirty) + u64::from(file.dirty_from.is_some());
    }

    fn take_out(&mut self, path: &str) -> Option<File> {
        let file = self.files.remove(path)?;
        self.used_bytes -= file.data.len();
        self.dirty_files -= u64::from(file.dirty_from.is_some());
        Some(file)
    }

    fn record(&mut self, change: DiskChange) {
        if let Some(changes) = &mut self.changes {
            changes.push(change);
        }
    }
}

#[cfg(test)]
mod tests;
