//! The consumer. Serves the console consumer and its kin; invariant: a position moves only over records that were handed
//! out, and only such positions are committed.

mod record;

pub use record::{ConsumerEvent, ConsumerRecord, OffsetAndMetadata, RecordTimestampType};

use crate::{JavaError, LogLine, TopicPartition, log::Log};
use ottla_world::{Context, Input, Time};
use std::collections::BTreeMap;

/// A consumer inside a process (Kafka's `KafkaConsumer`, classic group protocol).
///
/// The owner gives it every [`Input`] (`handle`), then lets it work (`poll`), then takes records
/// ([`Consumer::poll_records`]), events and log lines. Everything that Java's `poll` does between records happens in
/// `poll` and `poll_records`; heartbeats go on by themselves.
#[derive(Clone, Debug)]
pub struct Consumer {
    log: Log,
    events: Vec<ConsumerEvent>,
    closing: bool,
}

impl Consumer {
    /// A consumer with these settings (Kafka's names). Nothing happens before it subscribes or is assigned partitions.
    ///
    /// # Errors
    /// `ConfigException` for a bad value or combination; `KafkaException: Failed to construct kafka consumer` with a
    /// cause for bootstrap servers that cannot be resolved.
    pub fn new(config: &BTreeMap<String, String>) -> Result<Consumer, JavaError> {
        let client_id = config.get("client.id").cloned().unwrap_or_default();
        let log = Log::new(format!("[Consumer clientId={client_id}] "));
        Ok(Consumer { log, events: Vec::new(), closing: false })
    }

    /// Reads these topics as a member of its group.
    ///
    /// # Errors
    /// `InvalidGroupIdException` without a group id.
    pub fn subscribe(&mut self, topics: &[String]) -> Result<(), JavaError> {
        let _ = topics;
        Ok(())
    }

    /// Reads all topics whose whole name matches, as a member of its group; internal topics too unless
    /// `exclude.internal.topics`.
    ///
    /// # Errors
    /// A bad expression as `java.util.regex.PatternSyntaxException`; `InvalidGroupIdException` without a group id.
    pub fn subscribe_pattern(&mut self, pattern: &str) -> Result<(), JavaError> {
        let _ = pattern;
        Ok(())
    }

    /// Reads these partitions, without a group's help.
    pub fn assign(&mut self, partitions: &[TopicPartition]) {
        let _ = partitions;
    }

    /// The partitions it reads now.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        Vec::new()
    }

    /// The next record of the partition shall be the one at `offset`.
    ///
    /// # Errors
    /// `IllegalStateException` if the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), JavaError> {
        let _ = (partition, offset);
        Ok(())
    }

    /// Goes to the first records of these partitions.
    pub fn seek_to_beginning(&mut self, partitions: &[TopicPartition]) {
        let _ = partitions;
    }

    /// Goes to the ends of these partitions.
    pub fn seek_to_end(&mut self, partitions: &[TopicPartition]) {
        let _ = partitions;
    }

    /// The offset of the next record to be handed out, if it is known yet.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        let _ = partition;
        None
    }

    /// Whether the member is in its group with an assignment (always true without a group).
    pub fn is_stable(&self) -> bool {
        false
    }

    /// Its member id in the group, empty before it has one.
    pub fn member_id(&self) -> &str {
        ""
    }

    /// Up to `max.poll.records` records; the positions move behind them.
    pub fn poll_records(&mut self, cx: &mut Context<'_>) -> Vec<ConsumerRecord> {
        let _ = cx;
        Vec::new()
    }

    /// Commits these positions (all positions if `None`); answered by [`ConsumerEvent::Committed`].
    pub fn commit(&mut self, cx: &mut Context<'_>, offsets: Option<BTreeMap<TopicPartition, OffsetAndMetadata>>) {
        let _ = (cx, offsets);
    }

    /// Commits if auto-commit is on, leaves the group, closes the connections; finished when [`Consumer::is_closed`].
    pub fn close(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
        self.closing = true;
    }

    /// Whether a close has finished.
    pub fn is_closed(&self) -> bool {
        self.closing
    }

    /// Takes an input; true if it was for one of its connections. `Wake` may be passed too.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> bool {
        let _ = (cx, input);
        false
    }

    /// Does what is due; to be called after each input and each call.
    pub fn poll(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// When `poll` wants to be called at the latest; now if there are records to be taken.
    pub fn next_wakeup(&self) -> Option<Time> {
        None
    }

    /// The events since the last call.
    pub fn take_events(&mut self) -> Vec<ConsumerEvent> {
        std::mem::take(&mut self.events)
    }

    /// The log lines since the last call.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }
}
