//! Bytes in equal extents that clones share. Serves files; invariant: all extents but the tail are full, so finding a
//! byte is a division.

use crate::Digest;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Bytes in one extent: 64 KiB.
pub const EXTENT_BYTES: u64 = 65_536;

/// The content of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Rope {
    full: Arc<Vec<Bytes>>,
    tail: Arc<Vec<u8>>,
}

impl Rope {
    pub(super) fn len(&self) -> u64 {
        self.full.len() as u64 * EXTENT_BYTES + self.tail.len() as u64
    }

    pub(super) fn append(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let tail = Arc::make_mut(&mut self.tail);
            let room = EXTENT_BYTES as usize - tail.len();
            let (now, later) = data.split_at(room.min(data.len()));
            tail.extend_from_slice(now);
            data = later;
            if tail.len() as u64 == EXTENT_BYTES {
                let extent = Bytes::from(std::mem::take(tail));
                Arc::make_mut(&mut self.full).push(extent);
            }
        }
    }

    pub(super) fn truncate(&mut self, len: u64) {
        if len >= self.len() {
            return;
        }
        let (index, within) = ((len / EXTENT_BYTES) as usize, (len % EXTENT_BYTES) as usize);
        if index < self.full.len() {
            let tail = self.full[index][..within].to_vec();
            Arc::make_mut(&mut self.full).truncate(index);
            self.tail = Arc::new(tail);
        } else {
            Arc::make_mut(&mut self.tail).truncate(within);
        }
    }

    pub(super) fn read(&self, offset: u64, len: u64) -> Bytes {
        let end = offset.saturating_add(len).min(self.len());
        if offset >= end {
            return Bytes::new();
        }
        let index = (offset / EXTENT_BYTES) as usize;
        let within = (offset % EXTENT_BYTES) as usize;
        let wanted = (end - offset) as usize;
        if let Some(extent) = self.full.get(index)
            && within + wanted <= extent.len()
        {
            return extent.slice(within..within + wanted);
        }
        let mut out = BytesMut::with_capacity(wanted);
        let mut at = offset;
        while at < end {
            let extent = self.extent((at / EXTENT_BYTES) as usize);
            let within = (at % EXTENT_BYTES) as usize;
            let take = (extent.len() - within).min((end - at) as usize);
            out.extend_from_slice(&extent[within..within + take]);
            at += take as u64;
        }
        out.freeze()
    }

    fn extent(&self, index: usize) -> &[u8] {
        self.full.get(index).map_or(&self.tail[..], |extent| &extent[..])
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        self.full.iter().for_each(|extent| digest.bytes(extent));
        digest.bytes(&self.tail);
    }
}
