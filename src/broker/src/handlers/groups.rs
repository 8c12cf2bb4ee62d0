//! Groups on a broker: finding the coordinator, feeding it, writing its records. Serves consumers; invariant: an answer that
//! depends on records leaves when the high watermark has passed them.

use crate::{
    connections::RequestId,
    group::{Asked, Decision, Ticket},
    node::Running,
    replica::Place,
};
use bytes::Bytes;
use ottla_log::AppendOrigin;
use ottla_records::{BatchBuilder, Batches, Compression, Limits, TimestampType};
use ottla_wire::{
    BrokerId, ErrorCode, Request, RequestKind, ResponseKind,
    messages::{FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator_response::Coordinator},
    str_bytes,
};
use ottla_world::{Context, Time};
use std::collections::BTreeSet;

const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// How long answers wait for their records' replicas (`offsets.commit.timeout.ms`).
const COMMIT_TIMEOUT_MS: u64 = 5000;

/// Answers that wait for records.
#[derive(Clone, Debug)]
pub(crate) struct PendingReplies {
    place: Place,
    required: i64,
    deadline: Time,
    replies: Vec<(RequestId, ResponseKind)>,
    ticket: Option<Ticket>,
}

impl Running {
    pub(crate) fn group_request(&mut self, cx: &mut Context<'_>, id: RequestId, request: Request) {
        if let RequestKind::FindCoordinator(body) = &request.body {
            return self.find_coordinator(cx, id, request.version, body);
        }
        let client_id = request.client_id.unwrap_or_default();
        let (now, wall_ms, version) = (cx.now(), cx.wall_ms(), request.version);
        let topics = self.image.as_ref();
        let asked = Asked { id, now, wall_ms, rng: cx.rng(), client_id: &client_id, version, topics };
        match self.groups.handle(asked, &request.body) {
            Some(decisions) => decisions.into_iter().for_each(|decision| self.decide(cx, decision)),
            None => {
                cx.note(format!("{:?} is not served", request.api_key));
                self.connections.refuse(cx, id);
            }
        }
    }

    fn find_coordinator(&mut self, cx: &mut Context<'_>, id: RequestId, version: i16, r: &FindCoordinatorRequest) {
        let keys = if version >= 4 { r.coordinator_keys.clone() } else { vec![r.key.clone()] };
        let mut rows = Vec::new();
        for key in keys {
            let row = Coordinator::default().with_key(key.clone());
            rows.push(match self.coordinator(cx.now(), r.key_type, &key) {
                Ok((node, host, port)) => {
                    row.with_node_id(BrokerId(node)).with_host(str_bytes(&host)).with_port(i32::from(port))
                }
                Err(error) => row
                    .with_node_id(BrokerId(-1))
                    .with_port(-1)
                    .with_error_code(error.code())
                    .with_error_message(Some(str_bytes(error.message()))),
            });
        }
        let mut response = FindCoordinatorResponse::default();
        if version >= 4 {
            response = response.with_coordinators(rows);
        } else if let Some(row) = rows.into_iter().next() {
            response = response
                .with_error_code(row.error_code)
                .with_error_message(row.error_message)
                .with_node_id(row.node_id)
                .with_host(row.host)
                .with_port(row.port);
        }
        self.respond(cx, id, ResponseKind::FindCoordinator(response));
    }

    fn coordinator(&mut self, now: Time, key_type: i8, key: &str) -> Result<(i32, String, u16), ErrorCode> {
        if key_type != 0 {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let Some(topic) = self.image.topic(OFFSETS_TOPIC) else {
            self.auto_create(now, OFFSETS_TOPIC);
            return Err(ErrorCode::CoordinatorNotAvailable);
        };
        let state = topic.partitions.get(&self.groups.partition_for(key));
        let leader = state.filter(|s| s.has_leader()).map(|s| s.leader).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let broker = self.image.broker(leader).filter(|b| !b.fenced).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let (host, port) = broker.address().ok_or(ErrorCode::CoordinatorNotAvailable)?;
        Ok((leader, host.to_owned(), port))
    }

    /// Carries a decision out: records first, answers when they are committed.
    pub(crate) fn decide(&mut self, cx: &mut Context<'_>, decision: Decision) {
        let Decision { partition, records, replies, ticket } = decision;
        if records.is_empty() {
            return replies.into_iter().for_each(|(id, reply)| self.respond(cx, id, reply));
        }
        let wall_ms = cx.wall_ms();
        let mut batch = BatchBuilder::new(Compression::None, None, TimestampType::CreateTime);
        let encoded: Vec<(Bytes, Option<Bytes>)> = records.iter().map(|r| r.encode()).collect();
        for (key, value) in &encoded {
            batch.append(wall_ms, Some(key), value.as_deref(), &[]);
        }
        let place = self.image.topic(OFFSETS_TOPIC).map(|t| (t.id, partition));
        let appended = place.ok_or(ErrorCode::NotCoordinator).and_then(|place| {
            let p = self.replicas.partitions.get_mut(&place).filter(|p| p.is_leader());
            let p = p.ok_or(ErrorCode::NotCoordinator)?;
            if p.state.isr.len() < p.min_isr() {
                return Err(ErrorCode::CoordinatorNotAvailable);
            }
            let (epoch, bytes) = (p.state.leader_epoch, batch.build(0, -1));
            let done = p.log.append_as_leader_from(cx.disk(), bytes, epoch, wall_ms, AppendOrigin::Coordinator);
            done.map(|info| (place, info.last_offset + 1)).map_err(|_| ErrorCode::CoordinatorNotAvailable)
        });
        match appended {
            Ok((place, required)) => {
                for (key, value) in &encoded {
                    self.groups.replay(partition, key, value.as_ref(), false);
                }
                self.replicas.moved.insert(place);
                self.replicas.advance(place, cx.now());
                let deadline = cx.now().plus_millis(COMMIT_TIMEOUT_MS);
                self.pending_replies.push(PendingReplies { place, required, deadline, replies, ticket });
                self.send_committed(cx);
            }
            Err(error) => {
                for (id, reply) in replies {
                    self.respond(cx, id, failed(reply, error));
                }
                self.written(cx, ticket, Err(error));
            }
        }
    }

    fn written(&mut self, cx: &mut Context<'_>, ticket: Option<Ticket>, result: Result<(), ErrorCode>) {
        let Some(ticket) = ticket else { return };
        for decision in self.groups.written(&ticket, cx.now(), cx.wall_ms(), result) {
            self.decide(cx, decision);
        }
    }

    /// Sends the answers whose records are committed, or that waited too long.
    pub(crate) fn send_committed(&mut self, cx: &mut Context<'_>) {
        let (now, mut left, mut tickets) = (cx.now(), Vec::new(), Vec::new());
        for pending in std::mem::take(&mut self.pending_replies) {
            let p = self.replicas.partitions.get(&pending.place);
            let error = match p {
                Some(p) if !p.is_leader() => Some(ErrorCode::NotCoordinator),
                Some(p) if p.log.high_watermark() >= pending.required => None,
                Some(_) if pending.deadline <= now => Some(ErrorCode::CoordinatorNotAvailable),
                Some(_) => {
                    left.push(pending);
                    continue;
                }
                None => Some(ErrorCode::NotCoordinator),
            };
            tickets.push((pending.ticket, error.map_or(Ok(()), Err)));
            for (id, reply) in pending.replies {
                let reply = error.map_or_else(|| reply.clone(), |error| failed(reply.clone(), error));
                self.respond(cx, id, reply);
            }
        }
        left.append(&mut self.pending_replies);
        self.pending_replies = left;
        for (ticket, result) in tickets {
            self.written(cx, ticket, result);
        }
    }

    pub(crate) fn group_deadline(&self) -> Option<Time> {
        let pending = self.pending_replies.iter().map(|p| p.deadline).min();
        [self.groups.next_deadline(), pending].into_iter().flatten().min()
    }

    pub(crate) fn group_timers(&mut self, cx: &mut Context<'_>) {
        if self.groups.next_deadline().is_some_and(|at| at <= cx.now()) {
            for decision in self.groups.on_timer(cx.now(), cx.wall_ms()) {
                self.decide(cx, decision);
            }
        }
        self.send_committed(cx);
    }

    /// Leadership of partitions changed: groups come and go with those of `__consumer_offsets`.
    pub(crate) fn follow_groups(&mut self, cx: &mut Context<'_>, changed: &[Place]) {
        for place in changed {
            let partition = self.replicas.partitions.get(place);
            let is_offsets = match (partition, self.image.topic(OFFSETS_TOPIC)) {
                (Some(p), _) => p.topic == OFFSETS_TOPIC,
                // Gone from here: deleted with its topic, or moved away.
                (None, topic) => topic.is_none_or(|topic| topic.id == place.0),
            };
            if !is_offsets {
                continue;
            }
            let (leads, index) = (partition.is_some_and(|p| p.is_leader()), place.1);
            for (id, reply) in self.groups.unload(index) {
                self.respond(cx, id, reply);
            }
            if leads {
                self.load_groups(cx, *place, index);
            }
        }
    }

    /// Topics were deleted: what groups committed of them goes, too.
    pub(crate) fn forget_offsets(&mut self, cx: &mut Context<'_>, topics: &BTreeSet<String>) {
        if !topics.is_empty() {
            for decision in self.groups.topics_deleted(topics) {
                self.decide(cx, decision);
            }
        }
    }

    fn load_groups(&mut self, cx: &mut Context<'_>, place: Place, index: i32) {
        self.groups.load(index);
        let Some(p) = self.replicas.partitions.get(&place) else { return };
        let (mut offset, end) = (p.log.log_start_offset(), p.log.log_end_offset());
        while offset < end {
            let Ok(bytes) = p.log.read(cx.disk(), offset, 1 << 20, end, true) else { break };
            let before = offset;
            for batch in Batches::new(bytes).map_while(Result::ok) {
                offset = batch.header.next_offset();
                if batch.header.is_control() {
                    continue;
                }
                for record in batch.records(&Limits::default()).unwrap_or_default() {
                    if let Some(key) = &record.key {
                        self.groups.replay(index, key, record.value.as_ref(), true);
                    }
                }
            }
            if offset == before {
                break;
            }
        }
        self.groups.loaded(index, cx.now());
        cx.note(format!("{OFFSETS_TOPIC}-{index}: groups loaded"));
    }
}

/// The same answer, but it failed.
fn failed(reply: ResponseKind, error: ErrorCode) -> ResponseKind {
    let code = error.code();
    match reply {
        ResponseKind::JoinGroup(r) => ResponseKind::JoinGroup(r.with_error_code(code)),
        ResponseKind::SyncGroup(r) => ResponseKind::SyncGroup(r.with_error_code(code)),
        ResponseKind::Heartbeat(r) => ResponseKind::Heartbeat(r.with_error_code(code)),
        ResponseKind::LeaveGroup(r) => ResponseKind::LeaveGroup(r.with_error_code(code)),
        ResponseKind::OffsetDelete(r) => ResponseKind::OffsetDelete(r.with_error_code(code)),
        ResponseKind::OffsetCommit(mut r) => {
            r.topics.iter_mut().flat_map(|t| &mut t.partitions).for_each(|p| p.error_code = code);
            ResponseKind::OffsetCommit(r)
        }
        ResponseKind::DeleteGroups(mut r) => {
            r.results.iter_mut().for_each(|g| g.error_code = code);
            ResponseKind::DeleteGroups(r)
        }
        other => other,
    }
}
