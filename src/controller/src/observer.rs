//! The broker's half of the metadata quorum: a copy of the metadata log that follows the leader.
//!
//! Serves brokers, which embed it. Invariant: only records below the leader's high watermark are handed out, each once
//! and in order.

use crate::config::ObserverConfig;
use crate::image::MetadataImage;
use crate::quorum::{Committed, Quorum, QuorumConfig, SnapshotSettings};
use crate::raft::{LogSettings, RaftConfig};
use crate::record::{BatchContent, MetadataRecord};
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

/// What was committed since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataUpdate {
    /// Whether the records make the whole image (they begin with a snapshot): what was replayed before is forgotten then.
    pub from_snapshot: bool,
    /// Records with their offsets.
    pub records: Vec<(i64, MetadataRecord)>,
}

/// Keeps a broker's copy of `__cluster_metadata-0`.
///
/// The owner hands it every input, calls [`MetadataObserver::poll`] after each, and takes the committed records.
#[derive(Clone, Debug)]
pub struct MetadataObserver {
    config: ObserverConfig,
    /// None once the disk refused: the process is ending.
    quorum: Option<Quorum>,
    metadata_offset: i64,
}

impl MetadataObserver {
    /// Opens the copy on the broker's disk (makes it if there is none). Nothing is committed before the leader says so.
    /// If the disk refuses, the process is told to exit.
    pub fn open(cx: &mut Context<'_>, config: ObserverConfig) -> MetadataObserver {
        let number = |key: &str, default: u64| {
            let value = config.settings.get(key).and_then(|value| value.trim().parse().ok());
            value.unwrap_or(default).max(1)
        };
        let raft = RaftConfig {
            node_id: config.node_id,
            voters: config.voters.iter().map(|(id, _)| *id).collect(),
            dir: format!("{}/__cluster_metadata-0", config.log_dir),
            election_timeout_ms: number("controller.quorum.election.timeout.ms", 1000),
            fetch_timeout_ms: number("controller.quorum.fetch.timeout.ms", 2000),
            election_backoff_max_ms: number("controller.quorum.election.backoff.max.ms", 1000),
            log: LogSettings::of(&config.settings),
        };
        let quorum_config = QuorumConfig {
            raft,
            cluster_id: config.cluster_id.clone(),
            voters: config.voters.clone(),
            directory_id: config.directory_id,
            snapshots: SnapshotSettings::of(&config.settings),
        };
        let quorum = Quorum::open(cx, quorum_config);
        MetadataObserver { config, quorum, metadata_offset: -1 }
    }

    /// Takes an input; true if it was for one of the observer's own connections or flushes.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        self.quorum.as_mut().is_some_and(|quorum| quorum.handle(cx, input))
    }

    /// Does what is due: connects, fetches. Call it after each input.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(quorum) = &mut self.quorum {
            quorum.poll(cx);
        }
    }

    /// When it wants to be polled next.
    pub fn next_wakeup(&self) -> Option<Time> {
        self.quorum.as_ref().and_then(Quorum::next_wakeup)
    }

    /// The newly committed records with their offsets, for the owner to replay.
    pub fn take_committed(&mut self, cx: &mut Context<'_>) -> MetadataUpdate {
        let mut update = MetadataUpdate::default();
        let Some(quorum) = &mut self.quorum else { return update };
        for batch in quorum.take_committed(cx) {
            assert!(batch.last_offset > self.metadata_offset, "what is committed is handed out in order");
            self.metadata_offset = batch.last_offset;
            match batch.content {
                Committed::Batch(BatchContent::Records(records)) => update.records.extend(records),
                Committed::Batch(_) => {}
                Committed::Snapshot(records) => {
                    let at = |record| (batch.last_offset, record);
                    update = MetadataUpdate { from_snapshot: true, records: records.into_iter().map(at).collect() };
                }
            }
        }
        update
    }

    /// Writes a snapshot, if one is due. `image` has replayed all that was handed out. Call it after each update.
    pub fn snapshot_if_due(&mut self, cx: &mut Context<'_>, image: &MetadataImage) {
        if let Some(quorum) = &mut self.quorum {
            quorum.snapshot_if_due(cx, image);
        }
    }

    /// The leader of the quorum, which is the active controller.
    pub fn controller(&self) -> Option<ControllerAddress> {
        let raft = self.quorum.as_ref()?.raft();
        let node_id = raft.leader_id()?;
        let port = self.config.voters.iter().find(|(id, _)| *id == node_id)?.1;
        Some(ControllerAddress { node_id, port, epoch: raft.epoch() })
    }

    /// Offset of the last record handed out (control records count), -1 for none: what heartbeats report as the current
    /// metadata offset.
    pub fn metadata_offset(&self) -> i64 {
        self.metadata_offset
    }

    /// The leader's high watermark as known here, -1 for unknown.
    pub fn high_watermark(&self) -> i64 {
        self.quorum.as_ref().map_or(-1, |quorum| quorum.raft().high_watermark())
    }

    /// End of the local copy.
    pub fn log_end_offset(&self) -> i64 {
        self.quorum.as_ref().map_or(0, |quorum| quorum.raft().log().end_offset())
    }

    /// The Raft core, to look at; none once the disk refused.
    pub fn raft(&self) -> Option<&crate::raft::Raft> {
        self.quorum.as_ref().map(Quorum::raft)
    }

    /// What it was opened with.
    pub fn config(&self) -> &ObserverConfig {
        &self.config
    }
}
