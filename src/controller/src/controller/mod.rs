//! The active controller's decisions (`QuorumController` and its managers).
//!
//! Serves the controller node. Invariant: deciding changes nothing; a decision is records and a response, and only
//! replaying the records changes the image.

mod active;
mod alter_partition;
mod assignments;
mod configs;
mod directories;
mod elections;
mod features;
mod group_configs;
mod heartbeat;
mod isr_updates;
mod partition_change;
mod placement;
mod producer_ids;
mod quotas;
mod reassignments;
mod registration;
mod result;
mod topic_changes;
mod topic_names;
mod topics;

#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod tests;

pub use active::{Controller, DecisionSettings};
pub(crate) use features::{FEATURES, update_refused};
pub use heartbeat::{BrokerControlState, BrokerHeartbeat, BrokerHeartbeats};
pub use partition_change::{Election, PartitionChangeBuilder};
pub use placement::{PlacementError, RandomSource, UsableBroker, place};
pub use producer_ids::PRODUCER_ID_BLOCK_SIZE;
pub use registration::HeartbeatReply;
pub use result::{ApiError, ControllerResult};
pub use topic_names::topic_name_fault;
