//! Snapshots from leader to follower (`FetchSnapshot`, KIP-630), and those a node writes itself. Serves the Raft core.
//!
//! Invariant: a snapshot holds committed records only; a follower takes one over whole, or not at all.

use super::log::{Comparison, EpochAndOffset};
use super::message::{FetchSnapshotRequest, RaftError, RaftResponse, ResponseBody, SnapshotChunk};
use super::role::{Role, SnapshotFetch};
use super::{FetchRequest, Outcome, Raft};
use crate::record::{SnapshotContent, read_snapshot};
use bytes::Bytes;
use ottla_world::{Disk, Time};

impl Raft {
    /// How a follower's log compares with this leader's. One that has nothing is always served best by a snapshot.
    pub(super) fn compare(&self, request: &FetchRequest) -> Comparison {
        match self.log.latest_snapshot() {
            Some(latest) if request.offset == 0 => Comparison::Snapshot(latest.id),
            _ => {
                let end = EpochAndOffset { epoch: request.last_fetched_epoch, offset: request.offset };
                self.log.compare(end)
            }
        }
    }

    /// Answers `FetchSnapshot` (`handleFetchSnapshotRequest`): a piece of the file.
    pub fn handle_fetch_snapshot(&mut self, disk: &Disk, now: Time, request: &FetchSnapshotRequest) -> RaftResponse {
        let chunk = SnapshotChunk { id: request.id, position: request.position, ..SnapshotChunk::default() };
        let error = self.epoch_error(request.epoch);
        if error != RaftError::None {
            return self.response(error, ResponseBody::FetchSnapshot(chunk));
        }
        let Some(file) = self.log.snapshot_file(disk, request.id) else {
            return self.response(RaftError::SnapshotNotFound, ResponseBody::FetchSnapshot(chunk));
        };
        let size_bytes = file.len() as u64;
        if request.position >= size_bytes {
            return self.response(RaftError::PositionOutOfRange, ResponseBody::FetchSnapshot(chunk));
        }
        let end = size_bytes.min(request.position.saturating_add(request.max_bytes.max(1)));
        let bytes = file.slice(request.position as usize..end as usize);
        self.heard_from(now, request.replica_id);
        let chunk = SnapshotChunk { size_bytes, bytes, ..chunk };
        self.response(RaftError::None, ResponseBody::FetchSnapshot(chunk))
    }

    /// The leader named a snapshot instead of records: the next request asks for it. One that is here already is none.
    pub(super) fn begin_snapshot_fetch(&mut self, id: EpochAndOffset) {
        if id.offset <= self.high_watermark {
            return;
        }
        let note = format!("raft {}: fetching snapshot {} of epoch {}", self.config.node_id, id.offset, id.epoch);
        if let Role::Follower(follower) = &mut self.role {
            follower.snapshot = Some(SnapshotFetch { id, bytes: Vec::new() });
            self.notes.push(note);
        }
    }

    /// The request for the next piece, while a snapshot is being fetched.
    pub(super) fn fetch_snapshot_request(&self, max_bytes: u64) -> Option<FetchSnapshotRequest> {
        let Role::Follower(follower) = &self.role else { return None };
        let fetch = follower.snapshot.as_ref()?;
        let position = fetch.bytes.len() as u64;
        Some(FetchSnapshotRequest {
            replica_id: self.config.node_id,
            epoch: self.epoch,
            id: fetch.id,
            position,
            max_bytes,
        })
    }

    /// Takes a piece of a snapshot; the last one makes it this node's own (`handleFetchSnapshotResponse`).
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn handle_fetch_snapshot_response(
        &mut self,
        disk: &mut Disk,
        now: Time,
        from: i32,
        response: RaftResponse,
    ) -> Outcome<()> {
        let changed = self.learn(disk, now, &response)?;
        let timeout = self.config.fetch_timeout_ms;
        let Role::Follower(follower) = &mut self.role else { return Ok(()) };
        if changed || follower.leader_id != from {
            return Ok(());
        }
        let (ResponseBody::FetchSnapshot(chunk), Some(fetch)) = (response.body, &mut follower.snapshot) else {
            return Ok(());
        };
        let expected = fetch.bytes.len() as u64;
        if response.error != RaftError::None || chunk.id != fetch.id || chunk.position != expected {
            // It is gone, or another one: a fetch of records tells what there is now.
            follower.snapshot = None;
            return Ok(());
        }
        fetch.bytes.extend_from_slice(&chunk.bytes);
        follower.fetch_timeout_at = now.plus_millis(timeout);
        follower.has_fetched = true;
        follower.ask_another = false;
        if (fetch.bytes.len() as u64) < chunk.size_bytes {
            return Ok(());
        }
        let Some(SnapshotFetch { id, bytes }) = follower.snapshot.take() else { return Ok(()) };
        self.install(disk, id, bytes.into())
    }

    fn install(&mut self, disk: &mut Disk, id: EpochAndOffset, file: Bytes) -> Outcome<()> {
        let Ok(content) = read_snapshot(file.clone()) else {
            self.notes.push(format!("raft {}: a damaged snapshot of the leader, not used", self.config.node_id));
            return Ok(());
        };
        if self.log.store_snapshot(disk, id, &file, &content)? {
            assert!(id.offset > self.high_watermark, "a snapshot takes nothing back");
            self.log.restart_at_snapshot(disk, id)?;
            self.flushed_offset = self.log.end_offset();
            self.raise_high_watermark(id.offset);
        }
        Ok(())
    }

    /// Keeps a snapshot of all that was committed below `id.offset`, and lets go what is too old or too much. `now_ms` in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// A disk that can't be written.
    pub fn keep_snapshot(
        &mut self,
        disk: &mut Disk,
        id: EpochAndOffset,
        content: &SnapshotContent,
        now_ms: i64,
    ) -> Outcome<()> {
        assert!(id.offset <= self.high_watermark, "a snapshot holds what is committed");
        let file = crate::record::write_snapshot(content, id.epoch, now_ms);
        if self.log.store_snapshot(disk, id, &file, content)? {
            self.log.clean(disk, now_ms);
        }
        Ok(())
    }
}
