//! A controller's state for pictures. Serves the lab.

use super::running::Running;
use crate::raft::Progress;
use crate::view::{ControllerView, ReplicaProgress};
use ottla_world::Time;

/// What pictures show of a started controller at `now`, when its host's clock shows `wall_ms`.
pub(super) fn view(running: &Running, now: Time, wall_ms: i64) -> ControllerView {
    let raft = running.quorum.raft();
    let progress = |(id, progress): (&i32, &Progress)| ReplicaProgress {
        node_id: *id,
        log_end_offset: progress.end_offset.unwrap_or(-1),
        last_fetch_ms: super::describe::wall_of(progress.last_fetch, now, wall_ms),
        last_caught_up_ms: super::describe::wall_of(progress.last_caught_up, now, wall_ms),
    };
    let unknown = |id: &i32| ReplicaProgress {
        node_id: *id,
        log_end_offset: if *id == raft.node_id() { raft.log().end_offset() } else { -1 },
        last_fetch_ms: -1,
        last_caught_up_ms: -1,
    };
    ControllerView {
        node_id: raft.node_id(),
        role: raft.role_name(),
        epoch: raft.epoch(),
        leader_id: raft.leader_id(),
        voted_for: raft.voted_id(),
        log_end_offset: raft.log().end_offset(),
        high_watermark: raft.high_watermark(),
        voters: match raft.leader() {
            Some(leader) => leader.voters.iter().map(progress).collect(),
            None => raft.config().voters.iter().map(unknown).collect(),
        },
        observers: raft.leader().map(|l| l.observers.iter().map(progress).collect()).unwrap_or_default(),
        committed: running.committed.clone(),
        active: running.active.as_ref().map(|active| active.controller.image().clone()),
    }
}
