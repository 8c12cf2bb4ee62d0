//! The file `quorum-state`: epoch, vote and leader as they must survive a crash (`FileQuorumStateStore`, version 0).
//!
//! Serves the Raft core. Invariant: written and flushed before anything that rests on it leaves the node.

use super::log::MetadataLogError;
use ottla_world::Disk;
use serde_json::Value;

/// What a member of the quorum must not forget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElectionState {
    /// The highest epoch seen.
    pub epoch: i32,
    /// Its leader, if known.
    pub leader_id: Option<i32>,
    /// Whom this node voted for in it.
    pub voted_id: Option<i32>,
}

pub(super) fn path(dir: &str) -> String {
    format!("{dir}/quorum-state")
}

/// Reads the file; a missing or damaged one is a fresh start.
pub(super) fn load(disk: &Disk, dir: &str) -> ElectionState {
    let bytes = disk.read_all(&path(dir)).unwrap_or_default();
    let Ok(json) = serde_json::from_slice::<Value>(&bytes) else { return ElectionState::default() };
    let number = |key: &str| json.get(key).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
    let id = |key: &str| number(key).filter(|id| *id >= 0);
    ElectionState {
        epoch: number("leaderEpoch").unwrap_or(0).max(0),
        leader_id: id("leaderId"),
        voted_id: id("votedId"),
    }
}

pub(super) fn save(
    disk: &mut Disk,
    dir: &str,
    state: ElectionState,
    voters: impl Iterator<Item = i32>,
) -> Result<(), MetadataLogError> {
    let voters: Vec<String> = voters.map(|id| format!("{{\"voterId\":{id}}}")).collect();
    let text = format!(
        "{{\"clusterId\":\"\",\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"appliedOffset\":0,\
         \"currentVoters\":[{}],\"data_version\":0}}",
        state.leader_id.unwrap_or(-1),
        state.epoch,
        state.voted_id.unwrap_or(-1),
        voters.join(",")
    );
    Ok(disk.replace(&path(dir), text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let mut disk = Disk::default();
        assert_eq!(load(&disk, "d"), ElectionState::default());
        let state = ElectionState { epoch: 3, leader_id: None, voted_id: Some(12) };
        save(&mut disk, "d", state, [11, 12].into_iter()).unwrap();
        assert_eq!(load(&disk, "d"), state);
        disk.replace("d/quorum-state", b"{ garbage").unwrap();
        assert_eq!(load(&disk, "d"), ElectionState::default());
    }
}
