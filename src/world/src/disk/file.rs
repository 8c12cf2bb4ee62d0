//! One file: what is in the page cache and what is flushed. Serves the disk; invariant: `dirty_from` is the lowest byte
//! that differs from the flushed part, if any does.

use super::rope::Rope;
use crate::Rng;

/// A file of a virtual disk.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) data: Rope,
    pub(super) durable: Option<Rope>,
    pub(super) dirty_from: Option<u64>,
}

impl File {
    fn touch(&mut self, from: u64) {
        self.dirty_from = Some(self.dirty_from.map_or(from, |old| old.min(from)));
    }

    pub(super) fn append(&mut self, data: &[u8]) {
        self.touch(self.data.len());
        self.data.append(data);
    }

    pub(super) fn replace(&mut self, data: &[u8]) {
        self.touch(0);
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
        self.durable = Some(self.data.clone());
        Some(from)
    }

    /// Falls back to the flushed part, perhaps with a damaged piece of what was appended since. True if nothing is left.
    pub(super) fn power_cut(&mut self, rng: &mut Rng) -> bool {
        let Some(durable) = self.durable.clone() else { return true };
        let appended_only = self.dirty_from == Some(durable.len());
        let extra = self.data.len().saturating_sub(durable.len());
        let mut left = durable.clone();
        if appended_only && extra > 0 && rng.chance(1, 2) {
            let kept = rng.between(0, extra);
            let torn = rng.below(kept.min(16) + 1);
            left.append(&self.data.read(durable.len(), kept - torn));
            left.append(&vec![0xa5; torn as usize]);
        }
        self.data = left.clone();
        self.durable = Some(left);
        self.dirty_from = None;
        false
    }
}
