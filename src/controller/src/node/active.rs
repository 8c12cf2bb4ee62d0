//! The active controller at work: decisions appended after a short linger, answered once committed, and what is due by the
//! clock (`QuorumController` with its purgatory).
//!
//! Serves the controller node. Invariants: a response leaves only when everything the decision saw and wrote is committed;
//! offsets are those the log will give.

use super::notes;
use super::reply::Reply;
use crate::config::ControllerConfig;
use crate::controller::{Controller, ControllerResult};
use crate::image::MetadataImage;
use crate::quorum::Quorum;
use crate::record::{MetadataRecord, records_batch};
use ottla_wire::{RequestKind, ResponseKind};
use ottla_world::{Context, Time};
use std::sync::Arc;

/// A response that waits for its records.
#[derive(Clone, Debug)]
struct Waiting {
    /// All offsets below must be committed.
    end_offset: i64,
    reply: Reply,
    request: RequestKind,
    response: ResponseKind,
}

/// What is due by the clock.
#[derive(Clone, Debug)]
struct Timers {
    no_op_every_ms: u64,
    no_op_at: Time,
    /// `auto.leader.rebalance.enable` with `leader.imbalance.check.interval.seconds`.
    balance_every_ms: Option<u64>,
    balance_at: Option<Time>,
    unclean_every_ms: u64,
    unclean_at: Time,
}

impl Timers {
    fn new(config: &ControllerConfig, now: Time) -> Timers {
        let no_op_every_ms = config.number("metadata.max.idle.interval.ms", 500).max(1);
        let balance_every_ms = config
            .flag("auto.leader.rebalance.enable", true)
            .then(|| config.number("leader.imbalance.check.interval.seconds", 300).max(1) * 1000);
        let unclean_every_ms = config.number("unclean.leader.election.interval.ms", 300_000).max(1);
        Timers {
            no_op_every_ms,
            no_op_at: now.plus_millis(no_op_every_ms),
            balance_every_ms,
            balance_at: balance_every_ms.map(|ms| now.plus_millis(ms)),
            unclean_every_ms,
            unclean_at: now.plus_millis(unclean_every_ms),
        }
    }
}

/// The active controller of one epoch.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) controller: Controller,
    pub(super) epoch: i32,
    linger_ms: u64,
    pending: Vec<MetadataRecord>,
    drain_at: Option<Time>,
    /// Offset of the next record that is decided on.
    next_offset: i64,
    waiting: Vec<Waiting>,
    timers: Timers,
}

impl Active {
    /// Takes over in `epoch` with everything below `next_offset` committed and replayed.
    pub(super) fn new(
        config: &ControllerConfig,
        image: Arc<MetadataImage>,
        epoch: i32,
        next_offset: i64,
        now: Time,
    ) -> Active {
        Active {
            controller: Controller::new(config, image, now),
            epoch,
            linger_ms: config.number("controller.quorum.append.linger.ms", 25),
            pending: Vec::new(),
            drain_at: None,
            next_offset,
            waiting: Vec::new(),
            timers: Timers::new(config, now),
        }
    }

    /// Offset that the first record of the next decision will have.
    pub(super) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Schedules records, replaying them at once.
    pub(super) fn schedule(&mut self, cx: &mut Context<'_>, records: Vec<MetadataRecord>) {
        if records.is_empty() {
            return;
        }
        let now = cx.now();
        if let Some(note) = notes::of_records(self.controller.image(), &records) {
            cx.note(note);
        }
        for record in &records {
            self.controller.replay(now, self.next_offset, record);
            self.next_offset += 1;
        }
        self.pending.extend(records);
        self.drain_at.get_or_insert(now.plus_millis(self.linger_ms));
    }

    /// Schedules a decision's records; its response leaves when they, and all that came before, are committed.
    pub(super) fn decide(
        &mut self,
        cx: &mut Context<'_>,
        result: ControllerResult<ResponseKind>,
        reply: Reply,
        request: RequestKind,
    ) {
        self.schedule(cx, result.records);
        self.waiting.push(Waiting { end_offset: self.next_offset, reply, request, response: result.response });
    }

    /// Does what is due and appends what has lingered long enough.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, quorum: &mut Quorum) {
        self.poll_timers(cx);
        if self.drain_at.is_some_and(|at| at <= cx.now()) {
            self.drain_at = None;
            let end = quorum.raft().log().end_offset();
            let records = std::mem::take(&mut self.pending);
            assert_eq!(end + records.len() as i64, self.next_offset, "records get the offsets they were replayed at");
            let batch = records_batch(&records, end, self.epoch, cx.wall_ms());
            quorum.append(cx, batch);
        }
    }

    fn poll_timers(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        while let ControllerResult { records, response: Some(id) } = self.controller.fence_stale_broker(now) {
            cx.note(format!("Fencing broker {id} because its session has timed out."));
            self.schedule(cx, records);
        }
        if self.timers.no_op_at <= now {
            self.timers.no_op_at = now.plus_millis(self.timers.no_op_every_ms);
            self.schedule(cx, vec![MetadataRecord::NoOp]);
        }
        if let (Some(every), Some(at)) = (self.timers.balance_every_ms, self.timers.balance_at)
            && at <= now
        {
            let ControllerResult { records, response: more } = self.controller.balance_leaders();
            self.timers.balance_at = Some(now.plus_millis(if more { 100 } else { every }));
            self.schedule(cx, records);
        }
        if self.timers.unclean_at <= now {
            let ControllerResult { records, response: more } = self.controller.elect_unclean_leaders();
            self.timers.unclean_at = now.plus_millis(if more { 100 } else { self.timers.unclean_every_ms });
            self.schedule(cx, records);
        }
    }

    /// Sends the responses whose records are committed.
    pub(super) fn complete(&mut self, cx: &mut Context<'_>, high_watermark: i64) {
        if self.waiting.is_empty() {
            return;
        }
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.end_offset <= high_watermark {
                waiting.reply.send(cx, &waiting.response);
            } else {
                self.waiting.push(waiting);
            }
        }
    }

    /// This node leads no more: what was asked and is not committed has to be asked of another.
    pub(super) fn abandon(self) -> Vec<(Reply, RequestKind)> {
        self.waiting.into_iter().map(|waiting| (waiting.reply, waiting.request)).collect()
    }

    /// When it wants to be polled next.
    pub(super) fn next_wakeup(&self) -> Option<Time> {
        let timers = [Some(self.timers.no_op_at), self.timers.balance_at, Some(self.timers.unclean_at)];
        let expiry = self.controller.heartbeats().next_expiry();
        timers.into_iter().chain([self.drain_at, expiry]).flatten().min()
    }
}
