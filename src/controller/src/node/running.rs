//! A controller that has started: member of the quorum, replica of the metadata, active controller while it leads.
//!
//! Serves the controller node. Invariant: it is active only in the epoch it leads, and only after everything committed
//! before that epoch is replayed.

use super::active::Active;
use super::requests::refuse;
use super::startup::{bootstrap_records, registration_record, registration_request};
use crate::config::ControllerConfig;
use crate::image::MetadataImage;
use crate::quorum::{Committed, Quorum, QuorumConfig, SnapshotSettings};
use crate::raft::{LogSettings, RaftConfig, Role};
use crate::record::BatchContent;
use crate::rpc::{PeerResponse, PeerState, Peers, PeersEvent};
use ottla_wire::{ErrorCode, RequestKind, ResponseKind, Uuid};
use ottla_world::{Context, Input, Signal, Time};
use std::sync::Arc;

/// How long a leader that stops waits for the others to hear of it.
const STOP_PATIENCE_MS: u64 = 300;

/// A started controller.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) config: ControllerConfig,
    pub(super) quorum: Quorum,
    /// The metadata as committed.
    pub(super) committed: Arc<MetadataImage>,
    pub(super) active: Option<Active>,
    /// Connections for this controller's registration.
    registrar: Peers<()>,
    incarnation_id: Uuid,
    stop: Option<(Signal, Time)>,
}

impl Running {
    /// Opens the log; none (and the process exits) if the disk refuses.
    pub(super) fn start(cx: &mut Context<'_>, config: ControllerConfig) -> Option<Running> {
        let raft = RaftConfig {
            node_id: config.node_id,
            voters: config.voters.iter().map(|(id, _)| *id).collect(),
            dir: format!("{}/__cluster_metadata-0", config.log_dir),
            election_timeout_ms: config.number("controller.quorum.election.timeout.ms", 1000).max(1),
            fetch_timeout_ms: config.number("controller.quorum.fetch.timeout.ms", 2000).max(1),
            election_backoff_max_ms: config.number("controller.quorum.election.backoff.max.ms", 1000),
            log: LogSettings::of(&config.settings),
        };
        let quorum_config = QuorumConfig {
            raft,
            cluster_id: config.cluster_id.clone(),
            voters: config.voters.clone(),
            directory_id: Uuid::nil(),
            snapshots: SnapshotSettings::of(&config.settings),
        };
        let quorum = Quorum::open(cx, quorum_config)?;
        let id = config.node_id;
        let others = config.voters.iter().copied().filter(|(other, _)| *other != id);
        let registrar = Peers::new(format!("controller-{id}-to-controller-registration"), 2000, others);
        let incarnation_id = Uuid::from_bytes(cx.rng().uuid_bytes());
        let committed = Arc::default();
        Some(Running { config, quorum, committed, active: None, registrar, incarnation_id, stop: None })
    }

    /// Takes an input.
    pub(super) fn handle(&mut self, cx: &mut Context<'_>, input: &Input) {
        if !self.quorum.handle(cx, input) && !self.handle_registrar(cx, input) {
            match input {
                Input::Frame { connection, frame } => self.handle_frame(cx, *connection, frame),
                Input::Closed { connection } => self.quorum.handle_closed(*connection),
                Input::Signal(signal) => self.stop(cx, *signal),
                _ => {}
            }
        }
        self.poll(cx);
    }

    fn handle_registrar(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        match self.registrar.handle(cx, input) {
            PeersEvent::NotMine => false,
            PeersEvent::Nothing => true,
            PeersEvent::Answer(answer) => {
                let done = matches!(&answer.response, Some(PeerResponse::Kind(ResponseKind::ControllerRegistration(r))) if r.error_code == 0);
                if !done {
                    self.registrar.back_off(cx.now(), answer.from);
                }
                true
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        self.quorum.poll(cx);
        self.replay_committed(cx);
        self.claim_or_renounce(cx);
        self.register(cx);
        if let Some(active) = &mut self.active {
            let end = self.quorum.raft().log().end_offset();
            active.poll(cx, &mut self.quorum);
            active.complete(cx, self.quorum.raft().high_watermark());
            if self.quorum.raft().log().end_offset() != end {
                // What was appended is flushed, and handed to the fetches that wait for it.
                self.quorum.poll(cx);
            }
        }
        self.finish_stop(cx);
    }

    fn replay_committed(&mut self, cx: &mut Context<'_>) {
        let committed = self.quorum.take_committed(cx);
        if committed.is_empty() {
            return;
        }
        for batch in committed {
            assert!(batch.last_offset > self.committed.offset(), "what is committed is replayed in order");
            match batch.content {
                Committed::Snapshot(records) => {
                    self.committed = Arc::new(MetadataImage::from_records(&records, batch.last_offset));
                }
                Committed::Batch(content) => {
                    let image = Arc::make_mut(&mut self.committed);
                    if let BatchContent::Records(records) = &content {
                        records.iter().for_each(|(offset, record)| image.replay(*offset, record));
                    }
                    image.advance(batch.last_offset);
                }
            }
        }
        self.quorum.snapshot_if_due(cx, &self.committed);
    }

    fn claim_or_renounce(&mut self, cx: &mut Context<'_>) {
        let raft = self.quorum.raft();
        let epoch = raft.epoch();
        let leads = raft.leader().is_some();
        if self.active.as_ref().is_some_and(|active| !leads || active.epoch != epoch) {
            cx.note(format!("controller {}: no longer active", self.config.node_id));
            for (reply, request) in self.active.take().map(Active::abandon).unwrap_or_default() {
                refuse(cx, reply, &request, ErrorCode::NotController);
            }
        }
        // Its own first record committed: all of the earlier epochs is, and is replayed.
        let ready = raft.leader().is_some_and(|leader| leader.high_watermark.is_some());
        if self.active.is_some() || !ready {
            return;
        }
        cx.note(format!("controller {}: active, epoch={epoch}", self.config.node_id));
        let next_offset = raft.log().end_offset();
        let mut active = Active::new(&self.config, self.committed.clone(), epoch, next_offset, cx.now());
        if self.committed.features().is_empty() {
            active.schedule(cx, bootstrap_records(&self.config));
        }
        self.active = Some(active);
    }

    /// Sees to it that this life of the controller is registered (`ControllerRegistrationManager`).
    fn register(&mut self, cx: &mut Context<'_>) {
        let _ = self.registrar.expire(cx);
        let image = self.active.as_ref().map_or(&self.committed, |active| active.controller.image());
        let mine = image.controllers().get(&self.config.node_id).map(|controller| controller.incarnation_id);
        // Only after the bootstrap records: they say that registrations are understood.
        if mine == Some(self.incarnation_id) || self.committed.features().is_empty() {
            return;
        }
        if let Some(active) = &mut self.active {
            let record = registration_record(&self.config, self.incarnation_id);
            return active.schedule(cx, vec![record]);
        }
        let leader = self.quorum.raft().leader_id();
        if let Some(leader) = leader.filter(|id| self.registrar.state(*id, cx.now()) == PeerState::Ready) {
            let request = RequestKind::ControllerRegistration(registration_request(&self.config, self.incarnation_id));
            self.registrar.send(cx, leader, (0, &request), (), None);
        }
    }

    /// A clean stop: a leader tells the other voters first.
    fn stop(&mut self, cx: &mut Context<'_>, signal: Signal) {
        self.quorum.resign(cx);
        self.stop.get_or_insert((signal, cx.now().plus_millis(STOP_PATIENCE_MS)));
    }

    fn finish_stop(&mut self, cx: &mut Context<'_>) {
        let Some((signal, deadline)) = self.stop else { return };
        let told = match self.quorum.raft().role() {
            Role::Resigned { unacknowledged, .. } => unacknowledged.is_empty(),
            _ => true,
        };
        if told || deadline <= cx.now() {
            cx.exit(128 + signal.number());
        }
    }

    /// When it wants to be woken.
    pub(super) fn next_wakeup(&self) -> Option<Time> {
        let active = self.active.as_ref().and_then(Active::next_wakeup);
        let stop = self.stop.map(|(_, deadline)| deadline);
        [self.quorum.next_wakeup(), self.registrar.next_wakeup(), active, stop].into_iter().flatten().min()
    }
}
