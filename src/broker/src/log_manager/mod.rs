//! What a broker does to its logs by itself (`LogManager`, `LogCleaner`): retention, compaction, removal of files that are
//! no longer needed. Serves the node; invariant: nothing here runs before it is due, and an idle broker has few dates.

mod cleaning;
mod retention;

use crate::{BrokerConfig, node::Running, replica::Place};
use ottla_world::{Context, Time};
use std::collections::{BTreeMap, BTreeSet};

/// When each task is due next.
#[derive(Clone, Debug)]
pub(crate) struct LogTasks {
    next_retention: Time,
    next_checkpoint: Time,
    next_expiry: Time,
    /// Nothing while no log is compacted.
    next_cleaning: Option<Time>,
    /// `log.cleaner.backoff.ms` as it was when the date was set.
    backoff_ms: u64,
    /// Logs that could not be cleaned, because they are damaged (`maintainUncleanablePartitions`).
    uncleanable: BTreeSet<Place>,
    /// Files to remove, by date (`file.delete.delay.ms` after they were given up).
    doomed: BTreeMap<Time, Vec<String>>,
}

impl LogTasks {
    /// The tasks of a broker that starts now; the first look comes after `log.initial.task.delay.ms`.
    pub(crate) fn new(now: Time, config: &BrokerConfig) -> LogTasks {
        let first = now.plus_millis(config.number("log.initial.task.delay.ms"));
        LogTasks {
            next_retention: first,
            next_checkpoint: first,
            next_expiry: now.plus_millis(config.number("producer.id.expiration.check.interval.ms")),
            next_cleaning: None,
            backoff_ms: 0,
            uncleanable: BTreeSet::new(),
            doomed: BTreeMap::new(),
        }
    }

    /// When the next task is due.
    pub(crate) fn next_wakeup(&self) -> Option<Time> {
        let removal = self.doomed.first_key_value().map(|(at, _)| *at);
        [Some(self.next_retention), Some(self.next_checkpoint), Some(self.next_expiry), self.next_cleaning, removal]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes files that go `delay_ms` from now.
    pub(crate) fn doom(&mut self, now: Time, delay_ms: i64, files: Vec<String>) {
        if !files.is_empty() {
            let at = now.plus_millis(u64::try_from(delay_ms).unwrap_or(0));
            self.doomed.entry(at).or_default().extend(files);
        }
    }
}

impl Running {
    /// Does what is due.
    pub(crate) fn tend_logs(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        if self.log_tasks.next_retention <= now {
            let interval_ms = self.config.number("log.retention.check.interval.ms").max(1);
            self.log_tasks.next_retention = now.plus_millis(interval_ms);
            self.retain(cx, |config| !config.cleanup_policy.compact);
        }
        if self.log_tasks.next_cleaning.is_some_and(|at| at <= now) {
            self.log_tasks.next_cleaning = Some(now.plus_millis(self.log_tasks.backoff_ms));
            self.clean_logs(cx);
            self.retain(cx, |config| config.cleanup_policy.compact);
        }
        if self.log_tasks.next_checkpoint <= now {
            let interval_ms = self.config.number("log.flush.offset.checkpoint.interval.ms").max(1);
            self.log_tasks.next_checkpoint = now.plus_millis(interval_ms);
            self.replicas.checkpoint_logs(cx);
        }
        if self.log_tasks.next_expiry <= now {
            let interval_ms = self.config.number("producer.id.expiration.check.interval.ms").max(1);
            self.log_tasks.next_expiry = now.plus_millis(interval_ms);
            self.expire_producers(cx.wall_ms());
        }
        if !self.replicas.doomed.is_empty() {
            let delay_ms = i64::try_from(self.config.number("log.segment.delete.delay.ms")).unwrap_or(i64::MAX);
            let files = std::mem::take(&mut self.replicas.doomed);
            self.log_tasks.doom(now, delay_ms, files);
        }
        while let Some(entry) = self.log_tasks.doomed.first_entry().filter(|entry| *entry.key() <= now) {
            for path in entry.remove() {
                cx.disk().remove(&path);
            }
        }
    }

    /// Forgets producers that wrote nothing for `producer.id.expiration.ms`.
    fn expire_producers(&mut self, wall_ms: i64) {
        let expiration_ms = i64::try_from(self.live_number("producer.id.expiration.ms")).unwrap_or(i64::MAX);
        for partition in self.replicas.partitions.values_mut() {
            partition.log.remove_expired_producers(wall_ms, expiration_ms);
        }
    }

    /// Brings all logs in order for a clean end; true if the disk took everything.
    pub(crate) fn close_logs(&mut self, cx: &mut Context<'_>) -> bool {
        let mut failures = Vec::new();
        for partition in self.replicas.partitions.values_mut() {
            if let Err(error) = partition.log.close(cx.disk()) {
                failures.push((partition.log.name().to_owned(), error));
            }
        }
        let all = failures.is_empty();
        for (name, error) in failures {
            self.replicas.note_error(cx, &name, &error);
        }
        // Other files of this broker.
        all && cx.disk().flush_all().is_ok()
    }

    /// A setting that may be changed while the broker runs, else as it was started with.
    fn live_number(&self, key: &str) -> u64 {
        let live = self.image.broker_config(self.config.node_id, key);
        live.and_then(|(value, _)| value.trim().parse().ok()).unwrap_or_else(|| self.config.number(key))
    }
}
