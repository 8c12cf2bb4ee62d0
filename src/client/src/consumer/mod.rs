//! The consumer. Serves the console consumer and its kin; invariant: a position moves only over records that were handed
//! out, and only such positions are committed.

mod assignor;
mod close;
mod collect;
mod commit;
mod config;
mod coordinator;
mod duration;
mod fetcher;
mod join;
mod offsets;
mod protocol;
mod record;
mod session;
mod subscription;
#[cfg(test)]
mod tests;

pub(crate) use protocol::read_assignment;
pub use record::{ConsumerEvent, ConsumerRecord, OffsetAndMetadata, RecordTimestampType};

use crate::network::{Completion, NetworkClient, mailbox::Mailbox, metadata::Wanted};
use crate::{JavaError, LogLine, Node, TopicPartition, log::Log};
use collect::Fetched;
use commit::{Commit, CommitKind};
use config::{ConsumerConfig, Reset};
use coordinator::{Coordinator, MemberState};
use fetcher::FetchFrom;
use ottla_wire::RequestKind;
use ottla_world::{Context, Input, Time};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use subscription::{FetchState, Kind, SubscriptionState};

/// A question that is on its way.
#[derive(Clone, Debug)]
enum Asked {
    FindCoordinator,
    Join,
    /// In this generation.
    Sync(i32),
    /// In this generation.
    Heartbeat(i32),
    Leave,
    Commit(Commit),
    Committed(Vec<TopicPartition>),
    ListOffsets(Vec<(TopicPartition, FetchState)>),
    Epochs(Vec<(TopicPartition, FetchState)>),
    /// Of this node.
    Fetch(i32, Vec<FetchFrom>),
}

/// A consumer inside a process (Kafka's `KafkaConsumer`, classic group protocol).
///
/// The owner gives it every [`Input`] (`handle`), then lets it work (`poll`), then takes records
/// ([`Consumer::poll_records`]), events and log lines. Everything that Java's `poll` does between records happens in
/// `poll` and `poll_records`; heartbeats go on by themselves.
#[derive(Clone, Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    metadata_max_age_ms: u64,
    network: NetworkClient,
    mailbox: Mailbox,
    asked: BTreeMap<u64, Asked>,
    subscription: SubscriptionState,
    coordinator: Coordinator,
    /// Nodes with a fetch in flight.
    fetching: BTreeMap<i32, u64>,
    /// Fetch sessions by node.
    sessions: BTreeMap<i32, session::FetchSession>,
    /// Nodes to read from that cannot be reached now.
    reconnects: BTreeSet<i32>,
    /// What was fetched and not handed out.
    buffered: VecDeque<Fetched>,
    waiting_commits: Vec<Commit>,
    close_committed: bool,
    closing: close::Closing,
    events: Vec<ConsumerEvent>,
    log: Vec<LogLine>,
    reported_failure: Option<JavaError>,
    /// The last `poll_records` left some.
    has_more: bool,
    wakeup: Option<Time>,
}

impl Consumer {
    /// A consumer with these settings (Kafka's names). Nothing happens before it subscribes or is assigned partitions.
    ///
    /// # Errors
    /// `ConfigException` for a bad value or combination; `KafkaException: Failed to construct kafka consumer` with a
    /// cause for bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Consumer, JavaError> {
        let (config, common, nodes) = ConsumerConfig::read(config)?;
        let mut network = common.network(&config.client_id, 100, true);
        network.telemetry = true;
        let metadata = common.metadata(nodes, config.allow_auto_create_topics);
        let network = NetworkClient::new(network, metadata, Log::new(config.log_prefix()));
        Ok(Consumer {
            metadata_max_age_ms: common.metadata_max_age_ms,
            network,
            mailbox: Mailbox::default(),
            asked: BTreeMap::new(),
            subscription: SubscriptionState::new(config.reset),
            config,
            coordinator: Coordinator::new(),
            fetching: BTreeMap::new(),
            sessions: BTreeMap::new(),
            reconnects: BTreeSet::new(),
            buffered: VecDeque::new(),
            waiting_commits: Vec::new(),
            close_committed: false,
            closing: close::Closing::Open,
            events: Vec::new(),
            log: common.log,
            reported_failure: None,
            has_more: false,
            wakeup: None,
        })
    }

    /// Reads these topics as a member of its group.
    ///
    /// # Errors
    /// `InvalidGroupIdException` without a group id.
    pub fn subscribe(&mut self, topics: &[String]) -> Result<(), JavaError> {
        self.require_group()?;
        self.subscription.kind = Kind::Topics;
        self.subscription.topics = topics.iter().cloned().collect();
        topics.iter().for_each(|topic| self.network.metadata.add_topic(topic, Time::MAX));
        Ok(())
    }

    /// Reads all topics whose whole name matches, as a member of its group; internal topics too unless
    /// `exclude.internal.topics`.
    ///
    /// # Errors
    /// A bad expression as `java.util.regex.PatternSyntaxException`; `InvalidGroupIdException` without a group id.
    pub fn subscribe_pattern(&mut self, pattern: &str) -> Result<(), JavaError> {
        self.require_group()?;
        let regex = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| JavaError::new("java.util.regex.PatternSyntaxException", error.to_string()))?;
        self.subscription.kind = Kind::Pattern(regex);
        self.network.metadata.wanted = Wanted::All;
        self.network.metadata.request_update_afresh();
        Ok(())
    }

    fn require_group(&self) -> Result<(), JavaError> {
        if self.config.group_id.is_some() {
            return Ok(());
        }
        let text = "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer \
                    configuration.";
        Err(JavaError::kafka("InvalidGroupIdException", text))
    }

    /// Reads these partitions, without a group's help.
    pub fn assign(&mut self, partitions: &[TopicPartition]) {
        self.subscription.kind = Kind::Assigned;
        self.subscription.assign(&partitions.iter().cloned().collect());
        partitions.iter().for_each(|p| self.network.metadata.add_topic(&p.topic, Time::MAX));
    }

    /// The partitions it reads now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.subscription.partitions.keys().cloned().collect()
    }

    /// The next record of the partition shall be the one at `offset`.
    ///
    /// # Errors
    /// `IllegalStateException` if the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), JavaError> {
        if !self.subscription.partitions.contains_key(partition) {
            let text = format!("No current assignment for partition {partition}");
            return Err(JavaError::new("java.lang.IllegalStateException", text));
        }
        self.subscription.seek(partition, offset, None, &self.network.metadata);
        self.buffered.retain(|fetched| fetched.partition != *partition);
        Ok(())
    }

    /// Goes to the first records of these partitions.
    pub fn seek_to_beginning(&mut self, partitions: &[TopicPartition]) {
        self.reset_to_end_of_log(partitions, Reset::Earliest);
    }

    /// Goes to the ends of these partitions.
    pub fn seek_to_end(&mut self, partitions: &[TopicPartition]) {
        self.reset_to_end_of_log(partitions, Reset::Latest);
    }

    fn reset_to_end_of_log(&mut self, partitions: &[TopicPartition], reset: Reset) {
        for partition in partitions {
            self.subscription.request_reset(partition, Some(reset));
            self.buffered.retain(|fetched| fetched.partition != *partition);
        }
    }

    /// The offset of the next record to be handed out, if it is known yet.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.subscription.partitions.get(partition)?.position.map(|position| position.offset)
    }

    /// Whether the member is in its group with an assignment (always true without a group).
    pub fn is_stable(&self) -> bool {
        !self.subscription.is_group_managed() || self.coordinator.state == MemberState::Stable
    }

    /// Its member id in the group, empty before it has one.
    pub fn member_id(&self) -> &str {
        &self.coordinator.member_id
    }

    /// Up to `max.poll.records` records; the positions move behind them. To be called again (the next wake-up is at
    /// once) while there are more.
    pub fn poll_records(&mut self, cx: &mut Context<'_>) -> Vec<ConsumerRecord> {
        if self.closing != close::Closing::Open {
            return Vec::new();
        }
        self.reset_poll_deadline(cx.now());
        if self.config.auto_commit && self.coordinator.next_auto_commit == Time::MAX {
            self.schedule_auto_commit(cx.now());
        }
        self.maybe_auto_commit(cx);
        let records = self.collect(cx);
        self.poll_to_fetch(cx, true);
        self.has_more = !records.is_empty() && !self.buffered.is_empty();
        records
    }

    /// Commits these positions (all positions if `None`); answered by [`ConsumerEvent::Committed`].
    pub fn commit(&mut self, cx: &mut Context<'_>, offsets: Option<BTreeMap<TopicPartition, OffsetAndMetadata>>) {
        let offsets = offsets.unwrap_or_else(|| self.subscription.all_consumed());
        let until = cx.now().plus_millis(60_000);
        self.send_commit(cx, Commit { offsets, kind: CommitKind::Asked(until), at: cx.now() });
        self.poll(cx);
    }

    /// Takes an input; true if it was for one of its connections. `Wake` may be passed too.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        self.network.handle(cx, input)
    }

    /// Does what is due; to be called after each input and each call.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        self.poll_to_fetch(cx, false);
    }

    /// Fetches go out when records were taken, or when there are none to be taken: one that went out before would leave
    /// the partitions of those records out, and hold their leader's connection until its wait is over
    /// (`ClassicKafkaConsumer.poll`).
    fn poll_to_fetch(&mut self, cx: &mut Context<'_>, taken: bool) {
        if self.is_closed() {
            return;
        }
        self.has_more = false;
        loop {
            self.take_answers(cx);
            self.subscription.metadata_changed(&self.network.metadata, self.config.exclude_internal_topics);
            let error = self.network.take_fatal().or_else(|| self.network.metadata.take_invalid_topics());
            if let Some(error) = error {
                self.fail(error);
            }
            self.advance(cx);
            if self.closing == close::Closing::Open && (taken || self.buffered.is_empty()) {
                self.send_fetches(cx);
            }
            self.mailbox.poll(cx, &mut self.network);
            self.network.poll(cx);
            self.mailbox.poll(cx, &mut self.network);
            if !self.mailbox.has_ended() && !self.network.has_completions() {
                break;
            }
        }
        if !self.is_closed() {
            self.network.poll(cx);
            self.wakeup = self.compute_wakeup(cx.now());
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) {
        self.retry_commits(cx);
        if self.closing != close::Closing::Open {
            return self.advance_close(cx);
        }
        self.reconnects.clear();
        if self.subscription.is_group_managed() {
            self.beat(cx);
            self.advance_join(cx);
        }
        self.ask_committed(cx);
        self.ask_offsets(cx);
    }

    /// When `poll` wants to be called at the latest; now if there are records to be taken.
    pub fn next_wakeup(&self) -> Option<Time> {
        if self.has_more { Some(Time::ZERO) } else { self.wakeup }
    }

    fn compute_wakeup(&self, now: Time) -> Option<Time> {
        let partitions = self.subscription.partitions.values().map(|state| state.retry_at);
        let commits = self.waiting_commits.iter().map(|commit| commit.at);
        let reconnects = self.reconnects.iter().filter_map(|id| self.network.can_connect_at(*id));
        let preferred = self.subscription.partitions.values().filter_map(|s| s.preferred_replica.map(|(_, at)| at));
        let own = partitions.chain(commits).chain(reconnects).chain(preferred).chain(self.closing.deadline());
        let own = own.chain(self.coordinator.wakeups(now)).filter(|at| *at > now && *at < Time::MAX).min();
        let connect = self.coordinator_connect_at(now);
        let mailbox = self.mailbox.next_wakeup(&self.network, now);
        [own, connect, mailbox, self.network.next_wakeup()].into_iter().flatten().min()
    }

    /// When the coordinator, or a node to ask for it, can be tried again.
    fn coordinator_connect_at(&self, now: Time) -> Option<Time> {
        let node = self.coordinator.node.as_ref().and_then(|node| self.network.can_connect_at(node.id));
        node.filter(|at| *at > now)
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<ConsumerEvent> {
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        let mut lines = std::mem::take(&mut self.log);
        lines.append(&mut self.network.log.take());
        lines
    }

    fn fail(&mut self, error: JavaError) {
        self.events.push(ConsumerEvent::Failed { error });
    }

    fn ask(&mut self, cx: &mut Context<'_>, node: &Node, body: RequestKind, versions: (i16, i16), asked: Asked) {
        let timeout_ms = self.config.request_timeout_ms;
        let tag = self.mailbox.send(cx, &mut self.network, node, body, versions, timeout_ms);
        self.asked.insert(tag, asked);
    }

    fn take_answers(&mut self, cx: &mut Context<'_>) {
        for Completion { tag, outcome, .. } in self.mailbox.take(&mut self.network) {
            let Some(asked) = self.asked.remove(&tag) else { continue };
            match asked {
                Asked::FindCoordinator => self.coordinator_found(cx, &outcome),
                Asked::Join => self.joined(cx, &outcome),
                Asked::Sync(generation) => self.synced(cx, generation, &outcome),
                Asked::Heartbeat(generation) => self.heartbeat_answered(cx, generation, &outcome),
                Asked::Leave => {}
                Asked::Commit(commit) => self.commit_answered(cx, commit, &outcome),
                Asked::Committed(partitions) => self.committed_answered(cx, &partitions, &outcome),
                Asked::ListOffsets(partitions) => self.offsets_listed(cx, &partitions, &outcome),
                Asked::Epochs(partitions) => self.epochs_answered(cx, &partitions, &outcome),
                Asked::Fetch(node, from) => self.fetched(cx, node, &from, &outcome),
            }
        }
    }
}
