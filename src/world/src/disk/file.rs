//! One file: what is in the page cache and what is flushed. Serves the disk; invariant: `dirty_from` is the lowest byte
//! that differs from the flushed part, if any does.

use super::rope::Rope;
use crate::Rng;

/// A file of a virtual disk.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) data: Rope,
    durable: Durable,
    pub(super) dirty_from: Option<u64>,
}

/// The flushed part. Most files only grow: then it is told by a number, and nothing is copied when they grow on.
#[derive(Clone, Debug, Default)]
enum Durable {
    /// There is none yet.
    #[default]
    Nothing,
    /// So many bytes at the start of the page cache's content.
    Prefix(u64),
    /// Something else.
    Other(Rope),
}

impl File {
    fn touch(&mut self, from: u64) {
        self.dirty_from = Some(self.dirty_from.map_or(from, |old| old.min(from)));
        if matches!(self.durable, Durable::Prefix(len) if from < len) {
            self.durable = self.durable().map_or(Durable::Nothing, Durable::Other);
        }
    }

    /// The flushed part, if there is one.
    pub(super) fn durable(&self) -> Option<Rope> {
        match &self.durable {
            Durable::Nothing => None,
            Durable::Prefix(len) => {
                let mut rope = self.data.clone();
                rope.truncate(*len);
                Some(rope)
            }
            Durable::Other(rope) => Some(rope.clone()),
        }
    }

    pub(super) fn append(&mut self, data: &[u8]) {
        self.touch(self.data.len());
        self.data.append(data);
    }

    /// New content that the caller flushes at once: the old one need not be kept.
    pub(super) fn replace(&mut self, data: &[u8]) {
        (self.durable, self.dirty_from) = (Durable::Nothing, Some(0));
        self.data = Rope::default();
        self.data.append(data);
    }

    pub(super) fn truncate(&mut self, len: u64) {
        if len < self.data.len() {
            self.touch(len);
            self.data.truncate(len);
        }
    }

    /// Makes the content durable; the first byte that changed, if any did.
    pub(super) fn flush(&mut self) -> Option<u64> {
        let from = self.dirty_from.take()?;
        self.durable = Durable::Prefix(self.data.len());
        Some(from)
    }

    /// Falls back to the flushed part, perhaps with a damaged piece of what was appended since. True if nothing is left.
    pub(super) fn power_cut(&mut self, rng: &mut Rng) -> bool {
        let Some(durable) = self.durable() else { return true };
        let appended_only = self.dirty_from == Some(durable.len());
        let extra = self.data.len().saturating_sub(durable.len());
        let mut left = durable.clone();
        if appended_only && extra > 0 && rng.chance(1, 2) {
            let kept = rng.between(0, extra);
            let torn = rng.below(kept.min(16) + 1);
            left.append(&self.data.read(durable.len(), kept - torn));
            left.append(&vec![0xa5; torn as usize]);
        }
        self.durable = Durable::Prefix(left.len());
        self.data = left;
        self.dirty_from = None;
        false
    }
}
