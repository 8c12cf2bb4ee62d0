//! What pictures and tests may know of a broker. Serves the lab; invariant: a copy of state, nothing acts through it.

use ottla_controller::MetadataImage;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Where a broker stands in its life (`BrokerState`, as seen from itself).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerStateName {
    /// Reads its logs, catches up with the metadata log; not registered.
    Starting,
    /// Registered, but fenced.
    Fenced,
    /// Registered and unfenced.
    Running,
    /// Hands its leaderships over and stops.
    ControlledShutdown,
}

/// A replica's part in its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaRole {
    /// Takes appends.
    Leader,
    /// Fetches from the leader.
    Follower,
    /// Knows no leader, or its disk failed.
    Offline,
}

/// How far a follower has come, as its leader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerProgress {
    /// Its log end offset, -1 before its first fetch.
    pub log_end_offset: i64,
    /// Its log start offset, -1 before its first fetch.
    pub log_start_offset: i64,
    /// When it last had all of the leader's log, in microseconds of virtual time; 0 for never.
    pub last_caught_up_us: u64,
}

/// One replica on this broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: Uuid,
    /// Number within the topic.
    pub partition: i32,
    /// What this replica does.
    pub role: ReplicaRole,
    /// Leader as this broker knows it, -1 for none.
    pub leader: i32,
    /// Leader epoch as this broker knows it.
    pub leader_epoch: i32,
    /// Partition epoch as this broker knows it.
    pub partition_epoch: i32,
    /// Replicas, preferred leader first.
    pub replicas: Vec<i32>,
    /// In-sync replicas, as committed.
    pub isr: Vec<i32>,
    /// In-sync replicas that the leader counts with: a proposed expansion included.
    pub maximal_isr: Vec<i32>,
    /// First offset that can be read.
    pub log_start_offset: i64,
    /// What consumers may read ends here.
    pub high_watermark: i64,
    /// Offset of the next record.
    pub log_end_offset: i64,
    /// Bytes of the log.
    pub size_bytes: u64,
    /// Base offsets and sizes of its segments, oldest first.
    pub segments: Vec<(i64, u64)>,
    /// The other replicas' progress; known to the leader only.
    pub followers: BTreeMap<i32, FollowerProgress>,
}

/// A replica's marks: what can be asked often at no cost.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaMarks<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The topic's id.
    pub topic_id: Uuid,
    /// Number within the topic.
    pub partition: i32,
    /// Whether this broker believes itself to be the leader.
    pub is_leader: bool,
    /// Leader epoch as this broker knows it.
    pub leader_epoch: i32,
    /// What consumers may read ends here.
    pub high_watermark: i64,
    /// Offset of the next record.
    pub log_end_offset: i64,
    /// The log itself, to look into.
    pub log: &'a ottla_log::PartitionLog,
}

/// A member of a group, for pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Member id.
    pub member_id: String,
    /// `client.id`.
    pub client_id: String,
    /// `group.instance.id`, for static members.
    pub instance_id: Option<String>,
    /// Topics and partitions it has.
    pub assignment: BTreeMap<String, Vec<i32>>,
}

/// A group this broker coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Group id.
    pub group_id: String,
    /// Such as `Stable`.
    pub state: String,
    /// Generation (classic) or group epoch (consumer).
    pub generation: i32,
    /// Its members.
    pub members: Vec<MemberView>,
    /// Committed offsets by topic and partition.
    pub offsets: BTreeMap<(String, i32), i64>,
}

/// A broker as pictures show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    /// Node id.
    pub node_id: i32,
    /// Where it stands in its life.
    pub state: BrokerStateName,
    /// Broker epoch of its registration, -1 before.
    pub epoch: i64,
    /// The active controller it knows.
    pub controller_id: Option<i32>,
    /// Offset of the last metadata record it replayed, -1 for none.
    pub metadata_offset: i64,
    /// The metadata as it knows it.
    pub metadata: Arc<MetadataImage>,
    /// Its replicas, by topic name and partition.
    pub partitions: Vec<PartitionView>,
    /// The groups it coordinates, by id.
    pub groups: Vec<GroupView>,
}
