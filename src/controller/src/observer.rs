//! The broker's half of the metadata quorum: a copy of the metadata log that follows the leader.
//!
//! Serves brokers, which embed it. Invariant: only records below the leader's high watermark are handed out, each once
//! and in order.

use crate::config::ObserverConfig;
use crate::record::MetadataRecord;
use ottla_world::{Context, Input, Time};

/// The active controller, as a broker knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerAddress {
    /// Node id.
    pub node_id: i32,
    /// Its port on `localhost`.
    pub port: u16,
    /// The quorum's epoch.
    pub epoch: i32,
}

/// Keeps a broker's copy of `__cluster_metadata-0`.
///
/// The owner hands it every input, calls [`MetadataObserver::poll`] after each, and takes the committed records.
#[derive(Clone, Debug)]
pub struct MetadataObserver {
    config: ObserverConfig,
    committed: Vec<(i64, MetadataRecord)>,
}

impl MetadataObserver {
    /// Opens the copy on the broker's disk (makes it if there is none). Nothing is committed before the leader says so.
    pub fn open(_cx: &mut Context<'_>, config: ObserverConfig) -> MetadataObserver {
        MetadataObserver { config, committed: Vec::new() }
    }

    /// Takes an input; true if it was for one of the observer's own connections.
    pub fn handle(&mut self, _cx: &mut Context<'_>, _input: &Input) -> bool {
        false
    }

    /// Does what is due: connects, fetches. Call it after each input.
    pub fn poll(&mut self, _cx: &mut Context<'_>) {}

    /// When it wants to be polled next.
    pub fn next_wakeup(&self) -> Option<Time> {
        None
    }

    /// The newly committed records with their offsets, for the owner to replay.
    pub fn take_committed(&mut self) -> Vec<(i64, MetadataRecord)> {
        std::mem::take(&mut self.committed)
    }

    /// The leader of the quorum, which is the active controller.
    pub fn controller(&self) -> Option<ControllerAddress> {
        None
    }

    /// Offset of the last record handed out, -1 for none: what heartbeats report as the current metadata offset.
    pub fn metadata_offset(&self) -> i64 {
        -1
    }

    /// The leader's high watermark as known here, -1 for unknown.
    pub fn high_watermark(&self) -> i64 {
        -1
    }

    /// End of the local copy.
    pub fn log_end_offset(&self) -> i64 {
        0
    }

    /// What it was opened with.
    pub fn config(&self) -> &ObserverConfig {
        &self.config
    }
}
