//! What a lab is made of. Serves journals, lessons and transcripts; invariant: the stored form is this file's own,
//! every field has a default, and bounds are checked before a world is built.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A lab's description. Node ids: brokers 1, 2, 3… (or as `ids` says) on ports 9092, 9093…; controllers 11, 12… on ports
/// 9192, 9193….
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabConfig {
    /// How many brokers, 1 to 9.
    pub brokers: u32,
    /// The brokers' ids, if they are not 1, 2, 3…: as many as there are brokers, 100 and above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i32>,
    /// How many controllers, 1 to 5.
    pub controllers: u32,
    /// The seed of all random streams.
    pub seed: u64,
    /// The wall clock at the start, in milliseconds since 1970.
    pub start_ms: i64,
    /// Settings of every node, as in `server.properties`.
    pub settings: BTreeMap<String, String>,
}

impl Default for LabConfig {
    fn default() -> Self {
        LabConfig {
            brokers: 3,
            ids: Vec::new(),
            controllers: 3,
            seed: 1,
            start_ms: 1_767_225_600_000,
            settings: BTreeMap::new(),
        }
    }
}

/// Why a lab can't be made or can't do something.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabError {
    /// Out of bounds.
    #[error("a lab has 1 to 9 brokers and 1 to 5 controllers, not {brokers} and {controllers}")]
    Size {
        /// As asked for.
        brokers: u32,
        /// As asked for.
        controllers: u32,
    },
    /// The brokers' ids.
    #[error("ids of brokers are as many as brokers, different, and 100 to 999")]
    Ids,
    /// A journal that this engine can't replay.
    #[error("{0}")]
    Journal(String),
}

impl LabConfig {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`LabError::Size`], [`LabError::Ids`].
    pub fn check(&self) -> Result<(), LabError> {
        if !(1..=9).contains(&self.brokers) || !(1..=5).contains(&self.controllers) {
            return Err(LabError::Size { brokers: self.brokers, controllers: self.controllers });
        }
        let ids: BTreeSet<i32> = self.ids.iter().copied().filter(|id| (100..1000).contains(id)).collect();
        let as_many = ids.len() == self.ids.len() && ids.len() == self.brokers as usize;
        if self.ids.is_empty() || as_many { Ok(()) } else { Err(LabError::Ids) }
    }

    /// The ids of the brokers.
    pub fn broker_ids(&self) -> impl Iterator<Item = i32> + use<> {
        let ids = if self.ids.is_empty() { (1..=self.brokers as i32).collect() } else { self.ids.clone() };
        ids.into_iter()
    }

    /// The ids of the controllers.
    pub fn controller_ids(&self) -> impl Iterator<Item = i32> + use<> {
        11..=10 + self.controllers as i32
    }

    /// The settings of every node: those of this lab over those that every lab has.
    pub fn node_settings(&self) -> BTreeMap<String, String> {
        let replicas = self.brokers.min(3).to_string();
        let mut all: BTreeMap<String, String> = [
            ("offsets.topic.num.partitions", "3"),
            ("offsets.topic.replication.factor", replicas.as_str()),
            ("transaction.state.log.num.partitions", "3"),
            ("transaction.state.log.replication.factor", replicas.as_str()),
            ("share.coordinator.state.topic.num.partitions", "3"),
            ("share.coordinator.state.topic.replication.factor", replicas.as_str()),
            ("group.initial.rebalance.delay.ms", "0"),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
        all.extend(self.settings.clone());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let of = |brokers, controllers| LabConfig { brokers, controllers, ..LabConfig::default() }.check().is_ok();
        assert!(of(1, 1) && of(9, 5));
        assert!(!of(0, 1) && !of(10, 1) && !of(1, 0) && !of(1, 6));
        let of = |ids: &[i32]| LabConfig { ids: ids.to_vec(), ..LabConfig::default() }.check().is_ok();
        assert!(of(&[101, 102, 103]) && !of(&[101, 102]) && !of(&[101, 101, 102]) && !of(&[1, 11, 12]));
    }

    #[test]
    fn ids_and_stored_form() {
        let config: LabConfig = serde_json::from_str(r#"{"brokers":2}"#).unwrap();
        assert_eq!(config.broker_ids().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(config.controller_ids().collect::<Vec<_>>(), [11, 12, 13]);
        assert!(serde_json::from_str::<LabConfig>(r#"{"broker":2}"#).is_err());
    }
}
