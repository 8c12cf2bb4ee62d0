//! What a controller or an observer of the metadata log is started with. Serves the lab's node factories; invariant: plain
//! data, settings under Kafka's own names.

use std::collections::BTreeMap;

/// A KRaft controller to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// The cluster's id, 22 characters.
    pub cluster_id: String,
    /// `controller.quorum.voters`: (node id, port), this node among them. All listen on `localhost`.
    pub voters: Vec<(i32, u16)>,
    /// `metadata.log.dir`, such as `node-11`, without a slash at the end.
    pub log_dir: String,
    /// Settings of `server.properties` that differ from Kafka's defaults.
    pub settings: BTreeMap<String, String>,
}

impl ControllerConfig {
    /// The port of a voter.
    pub fn port_of(&self, node_id: i32) -> Option<u16> {
        self.voters.iter().find(|(id, _)| *id == node_id).map(|(_, port)| *port)
    }

    /// A whole number setting; the default if it is not set or no number.
    pub fn number(&self, key: &str, default: u64) -> u64 {
        self.settings.get(key).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
    }

    /// A yes or no setting; the default if it is not set.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        self.settings.get(key).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
    }
}

/// A broker's copy of the metadata log to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserverConfig {
    /// The broker's `node.id`.
    pub node_id: i32,
    /// The cluster's id, 22 characters.
    pub cluster_id: String,
    /// Id of the broker's log directory, as in its `meta.properties`.
    pub directory_id: uuid::Uuid,
    /// `controller.quorum.voters`: (node id, port). All listen on `localhost`.
    pub voters: Vec<(i32, u16)>,
    /// `metadata.log.dir`, such as `node-1`, without a slash at the end.
    pub log_dir: String,
    /// Settings of `server.properties` that differ from Kafka's defaults.
    pub settings: BTreeMap<String, String>,
}
