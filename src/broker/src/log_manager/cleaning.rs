//! The cleaner (`LogCleaner`, `LogCleanerManager`): the filthiest log first, until none is filthy. Serves the log tasks;
//! invariant: a broker without compacted logs never wakes for it, and what was cleaned is in `cleaner-offset-checkpoint`.

use crate::{node::Running, replica::Place};
use ottla_log::{Cleaned, LogError};
use ottla_world::{Context, Time};

/// Bytes that a key takes in Kafka's map: an MD5 sum and an offset (`SkimpyOffsetMap.bytesPerEntry`).
const BYTES_PER_KEY: u64 = 24;

impl Running {
    /// Sets the cleaner's next date if there is something to clean now and then, and its pause is not what it was.
    pub(crate) fn arm_cleaner(&mut self, now: Time) {
        let compacted = self.replicas.partitions.values().any(|p| p.log.config().cleanup_policy.compact);
        if !compacted || !self.config.flag("log.cleaner.enable") {
            self.log_tasks.next_cleaning = None;
            return;
        }
        let backoff_ms = self.live_number("log.cleaner.backoff.ms").max(1);
        if self.log_tasks.next_cleaning.is_none() || self.log_tasks.backoff_ms != backoff_ms {
            // The cleaner's thread has looked every so often since the broker started.
            let past_ms = now.millis_since(Time::ZERO);
            let at = Time::ZERO.plus_millis((past_ms / backoff_ms + 1).saturating_mul(backoff_ms));
            self.log_tasks.next_cleaning = Some(at);
            self.log_tasks.backoff_ms = backoff_ms;
        }
    }

    /// Cleans what is filthy enough, each log once at most.
    pub(super) fn clean_logs(&mut self, cx: &mut Context<'_>) {
        let wall_ms = cx.wall_ms();
        let max_keys = self.max_keys();
        let mut cleaned = false;
        for _ in 0..self.replicas.partitions.len() {
            let Some(place) = self.filthiest(wall_ms) else { break };
            cleaned |= self.clean_log(cx, place, wall_ms, max_keys);
        }
        if cleaned {
            self.replicas.checkpoint_cleaned(cx);
        }
    }

    /// The log with the greatest share of dirty bytes, of those that have to be cleaned.
    fn filthiest(&self, wall_ms: i64) -> Option<Place> {
        let may = |place: &Place| !self.log_tasks.uncleanable.contains(place);
        let logs = self.replicas.partitions.iter().filter(|(place, _)| may(place));
        let filthy = logs.filter_map(|(place, p)| Some((*place, p.log.cleanable(wall_ms)?)));
        filthy.max_by(|(_, one), (_, two)| one.compare(two)).map(|(place, _)| place)
    }

    fn clean_log(&mut self, cx: &mut Context<'_>, place: Place, wall_ms: i64, max_keys: u64) -> bool {
        let Some(partition) = self.replicas.partitions.get_mut(&place) else { return false };
        let name = format!("{}-{}", partition.topic, partition.index);
        let log = &mut partition.log;
        let Some(cleanable) = log.cleanable(wall_ms) else { return false };
        let result = log.clean(cx.disk(), &cleanable, wall_ms, max_keys);
        let (delay_ms, files) = (log.config().file_delete_delay_ms, log.take_doomed());
        self.log_tasks.doom(cx.now(), delay_ms, files);
        match result {
            Ok(cleaned) => {
                cx.note(format!("{name}: {}", told(&cleaned)));
                self.replicas.moved.insert(place);
                true
            }
            Err(error) => {
                if !matches!(error, LogError::Disk(_)) {
                    self.log_tasks.uncleanable.insert(place);
                }
                self.replicas.note_error(cx, &name, &error);
                false
            }
        }
    }

    /// How many keys fit the cleaner's map: nine tenths of it are filled (`log.cleaner.io.buffer.load.factor`).
    fn max_keys(&self) -> u64 {
        self.live_number("log.cleaner.dedupe.buffer.size") / BYTES_PER_KEY / 10 * 9
    }
}

fn told(cleaned: &Cleaned) -> String {
    format!(
        "compacted up to offset {}: {} of {} records, {} of {} bytes stay",
        cleaned.end_offset, cleaned.records_after, cleaned.records_before, cleaned.bytes_after, cleaned.bytes_before
    )
}
