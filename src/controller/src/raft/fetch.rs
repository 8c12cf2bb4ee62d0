//! Fetch of the metadata log, from both sides. Serves the Raft core.
//!
//! Invariant: a follower's log is a prefix of the leader's up to where the leader checked it; what diverges is cut before
//! anything is appended.

use super::log::Comparison;
use super::message::{FetchRequest, FetchedData, RaftError, RaftResponse, ResponseBody};
use super::role::Role;
use super::{Outcome, Raft};
use ottla_world::{Disk, Time};

/// What a leader does with a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchAnswer {
    /// It is answered now.
    Now(RaftResponse),
    /// There is nothing new: it waits until there is, or until its `max_wait_ms` are over.
    Wait,
}

impl Raft {
    /// Takes a `Fetch` (`handleFetchRequest`): counts it and answers it, if there is something to say.
    pub fn handle_fetch(&mut self, disk: &Disk, now: Time, request: &FetchRequest) -> FetchAnswer {
        if self.fetch_error(request) == RaftError::None && self.compare(request) == Comparison::Valid {
            self.count_fetch(now, request);
        }
        self.answer_fetch(disk, request, request.max_wait_ms == 0)
    }

    /// Answers a fetch that was taken before; `at_once` even if there is nothing new.
    pub fn answer_fetch(&self, disk: &Disk, request: &FetchRequest, at_once: bool) -> FetchAnswer {
        let high_watermark = self.leader().and_then(|leader| leader.high_watermark).unwrap_or(-1);
        let error = self.fetch_error(request);
        let mut data = FetchedData { high_watermark, ..FetchedData::default() };
        let comparison = (error == RaftError::None).then(|| self.compare(request));
        match comparison {
            Some(Comparison::Diverging(at)) => data.diverging = Some((at.epoch, at.offset)),
            Some(Comparison::Snapshot(id)) => data.snapshot = Some(id),
            _ => {}
        }
        if comparison == Some(Comparison::Valid) {
            data.records = self.log.read(disk, request.offset, request.max_bytes);
            let news = !data.records.is_empty() || high_watermark > request.high_watermark;
            if !news && !at_once {
                return FetchAnswer::Wait;
            }
        }
        FetchAnswer::Now(self.response(error, ResponseBody::Fetch(data)))
    }

    fn fetch_error(&self, request: &FetchRequest) -> RaftError {
        match self.epoch_error(request.epoch) {
            RaftError::None if request.offset < 0 || request.last_fetched_epoch < 0 => RaftError::InvalidRequest,
            error => error,
        }
    }

    /// Whether this node leads the epoch that a replica knows (`validateLeaderOnlyRequest`).
    pub(super) fn epoch_error(&self, epoch: i32) -> RaftError {
        if epoch < self.epoch {
            RaftError::FencedLeaderEpoch
        } else if epoch > self.epoch {
            RaftError::UnknownLeaderEpoch
        } else if !matches!(self.role, Role::Leader(_)) {
            RaftError::NotLeaderOrFollower
        } else {
            RaftError::None
        }
    }

    /// The fetch this node sends next.
    pub(super) fn fetch_request(&self, max_bytes: u64, max_wait_ms: u64) -> FetchRequest {
        FetchRequest {
            replica_id: self.config.node_id,
            epoch: self.epoch,
            offset: self.log.end_offset(),
            last_fetched_epoch: self.log.last_epoch(),
            high_watermark: self.high_watermark,
            max_bytes,
            max_wait_ms,
        }
    }

    /// Takes the answer to a fetch (`handleFetchResponse`). Afterwards the log may have to be flushed before the next
    /// fetch: that one acknowledges.
    ///
    /// # Errors
    /// A disk that can't be written, or a leader that sends what does not fit.
    pub fn handle_fetch_response(
        &mut self,
        disk: &mut Disk,
        now: Time,
        from: i32,
        asked: &FetchRequest,
        response: RaftResponse,
    ) -> Outcome<()> {
        let changed = self.learn(disk, now, &response)?;
        let timeout = self.config.fetch_timeout_ms;
        let Role::Follower(follower) = &mut self.role else { return Ok(()) };
        let from_leader = follower.leader_id == from;
        if changed || response.error != RaftError::None || !from_leader {
            follower.ask_another = from_leader && response.error != RaftError::None;
            return Ok(());
        }
        let ResponseBody::Fetch(data) = response.body else { return Ok(()) };
        if response.epoch != self.epoch || asked.epoch != self.epoch || asked.offset != self.log.end_offset() {
            return Ok(());
        }
        follower.fetch_timeout_at = now.plus_millis(timeout);
        follower.has_fetched = true;
        follower.ask_another = false;
        if let Some((epoch, end_offset)) = data.diverging {
            return self.truncate(disk, epoch, end_offset);
        }
        if let Some(id) = data.snapshot {
            self.begin_snapshot_fetch(id);
            return Ok(());
        }
        self.log.append(disk, data.records)?;
        self.raise_high_watermark(data.high_watermark);
        Ok(())
    }

    fn truncate(&mut self, disk: &mut Disk, epoch: i32, end_offset: i64) -> Outcome<()> {
        let own = self.log.end_of_epoch(epoch);
        let offset = if own.epoch == epoch { own.offset.min(end_offset) } else { own.offset };
        assert!(offset >= self.high_watermark, "what is committed is never truncated");
        self.notes.push(format!("raft {}: truncating the metadata log to {offset}", self.config.node_id));
        self.log.truncate_to(disk, offset)?;
        // The shorter file has to reach the disk as well before it is acknowledged.
        self.flushed_offset = self.flushed_offset.min(self.log.end_offset() - 1).max(0);
        Ok(())
    }

    /// A request to `to` got no answer in time, or its connection is gone.
    pub fn handle_failure(&mut self, to: i32) {
        if let Role::Follower(follower) = &mut self.role {
            follower.ask_another = follower.leader_id == to;
        }
    }
}
