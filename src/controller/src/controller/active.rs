//! What the active controller decides on: the image with its uncommitted end, the brokers' sessions, its settings.
//!
//! Serves all decisions. Invariant: the image holds every record this controller has appended, committed or not.

use super::heartbeat::BrokerHeartbeats;
use crate::config::ControllerConfig;
use crate::image::MetadataImage;
use crate::record::MetadataRecord;
use ottla_world::Time;
use std::sync::Arc;

/// The settings that decisions depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSettings {
    /// This controller.
    pub node_id: i32,
    /// The quorum's members.
    pub voter_ids: Vec<i32>,
    /// The cluster's id.
    pub cluster_id: String,
    /// `num.partitions`.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// `unclean.leader.election.enable` of the controller's own properties.
    pub unclean_leader_election: bool,
    /// All settings of the controller's properties.
    pub properties: std::collections::BTreeMap<String, String>,
}

/// The active controller's state.
#[derive(Clone, Debug)]
pub struct Controller {
    pub(super) image: Arc<MetadataImage>,
    pub(super) heartbeats: BrokerHeartbeats,
    pub(super) settings: DecisionSettings,
}

impl Controller {
    /// Takes over with the metadata as committed; all sessions begin now.
    pub fn new(config: &ControllerConfig, image: Arc<MetadataImage>, now: Time) -> Controller {
        let mut heartbeats = BrokerHeartbeats::new(config.number("broker.session.timeout.ms", 9000));
        for broker in image.brokers().values() {
            heartbeats.register(now, broker.id, broker.fenced);
        }
        let settings = DecisionSettings {
            node_id: config.node_id,
            voter_ids: config.voters.iter().map(|(id, _)| *id).collect(),
            cluster_id: config.cluster_id.clone(),
            num_partitions: i32::try_from(config.number("num.partitions", 1)).unwrap_or(1),
            default_replication_factor: i16::try_from(config.number("default.replication.factor", 1)).unwrap_or(1),
            unclean_leader_election: config.flag("unclean.leader.election.enable", false),
            properties: config.settings.clone(),
        };
        Controller { image, heartbeats, settings }
    }

    /// The metadata, uncommitted records included.
    pub fn image(&self) -> &Arc<MetadataImage> {
        &self.image
    }

    /// The brokers' sessions.
    pub fn heartbeats(&self) -> &BrokerHeartbeats {
        &self.heartbeats
    }

    /// The brokers' sessions, to be told what happened.
    pub fn heartbeats_mut(&mut self) -> &mut BrokerHeartbeats {
        &mut self.heartbeats
    }

    /// Applies a record this controller appended.
    pub fn replay(&mut self, now: Time, offset: i64, record: &MetadataRecord) {
        Arc::make_mut(&mut self.image).replay(offset, record);
        match record {
            MetadataRecord::RegisterBroker(broker) => {
                self.heartbeats.register(now, broker.broker_id, broker.fenced);
            }
            MetadataRecord::UnregisterBroker(broker) => self.heartbeats.remove(broker.broker_id),
            MetadataRecord::BrokerRegistrationChange(change) if change.fenced == 1 => {
                self.heartbeats.fence(change.broker_id);
            }
            _ => {}
        }
    }

    /// Whether an unclean election is allowed for a topic (`uncleanLeaderElectionEnabledForTopic`).
    pub(super) fn unclean_election_enabled(&self, topic: &str) -> bool {
        let key = "unclean.leader.election.enable";
        let value = self.image.topic_config(topic, key, Some(self.settings.node_id), &[key]);
        value.map_or(self.settings.unclean_leader_election, |(value, _)| value.trim().eq_ignore_ascii_case("true"))
    }
}
