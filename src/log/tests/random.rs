//! Random histories of appends, flushes, truncations, kills and power cuts against a list in memory.

mod common;

use common::*;
use ottla_log::{LogConfig, PartitionLog, Shutdown};
use ottla_world::{Disk, Rng};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Append { batches: Vec<u8>, new_epoch: bool },
    FlushActive,
    FlushAll,
    StopAndStart,
    Kill,
    PowerCut(u64),
    Truncate(u8),
    AdvanceStart(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (prop::collection::vec(1..5u8, 1..4), prop::bool::weighted(0.2))
            .prop_map(|(batches, new_epoch)| Step::Append { batches, new_epoch }),
        2 => Just(Step::FlushActive),
        1 => Just(Step::FlushAll),
        1 => Just(Step::StopAndStart),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(Step::PowerCut),
        1 => any::<u8>().prop_map(Step::Truncate),
        1 => any::<u8>().prop_map(Step::AdvanceStart),
    ]
}

/// A log beside what it should say: value and epoch of each offset.
struct Pair {
    disk: Disk,
    log: PartitionLog,
    config: LogConfig,
    model: Vec<(String, i32)>,
    /// Batches must be left whole: where each ends.
    ends: Vec<i64>,
    flushed: i64,
    start: i64,
    written: u64,
    epoch: i32,
}

impl Pair {
    fn new() -> Self {
        let mut disk = Disk::default();
        let config = small_segments();
        let log = open(&mut disk, &config);
        let (model, ends) = (Vec::new(), Vec::new());
        Self { disk, log, config, model, ends, flushed: 0, start: 0, written: 0, epoch: 0 }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Append { batches, new_epoch } => self.append(batches, *new_epoch),
            Step::FlushActive => {
                self.log.unflushed_paths().iter().for_each(|path| self.disk.flush(path).unwrap());
                self.flushed = self.log.log_end_offset();
            }
            Step::FlushAll => {
                self.disk.flush_all().unwrap();
                self.flushed = self.log.log_end_offset();
            }
            Step::StopAndStart => {
                self.log.close(&mut self.disk).unwrap();
                self.disk.flush_all().unwrap();
                self.flushed = self.log.log_end_offset();
                self.reopen(Shutdown::Clean);
            }
            Step::Kill => {
                let point = self.log.recovery_point();
                self.reopen(Shutdown::UncleanAfter(point));
            }
            Step::PowerCut(seed) => {
                self.disk.power_cut(&mut Rng::new(*seed));
                let point = self.log.recovery_point();
                self.reopen(if seed % 2 == 0 { Shutdown::Unclean } else { Shutdown::UncleanAfter(point) });
                let end = self.log.log_end_offset();
                assert!(end >= self.flushed, "{end} left of {} flushed", self.flushed);
                self.cut_model(end);
                self.flushed = end;
            }
            Step::Truncate(at) => {
                let offset = i64::from(*at) % (self.log.log_end_offset() + 1);
                self.log.truncate_to(&mut self.disk, offset).unwrap();
                let end = self.ends.iter().copied().filter(|end| *end <= offset).max().unwrap_or(0);
                self.cut_model(end);
                self.flushed = self.flushed.min(end);
                self.start = self.start.min(end);
            }
            Step::AdvanceStart(at) => {
                self.log.set_high_watermark(i64::MAX);
                let offset = i64::from(*at) % (self.log.log_end_offset() + 1);
                self.log.advance_log_start(&mut self.disk, offset).unwrap();
                self.start = self.start.max(offset);
            }
        }
    }

    fn append(&mut self, batches: &[u8], new_epoch: bool) {
        self.epoch += i32::from(new_epoch);
        for count in batches {
            let values: Vec<String> = (0..*count).map(|_| self.next_value()).collect();
            let borrowed: Vec<&str> = values.iter().map(String::as_str).collect();
            self.log.append_as_leader(&mut self.disk, batch(&borrowed), self.epoch, NOW).unwrap();
            self.model.extend(values.into_iter().map(|value| (value, self.epoch)));
            self.ends.push(self.model.len() as i64);
        }
    }

    fn next_value(&mut self) -> String {
        self.written += 1;
        format!("value-{}", self.written)
    }

    fn reopen(&mut self, after: Shutdown) {
        self.log = open_after(&mut self.disk, &self.config, after).0;
        self.log.restore_log_start(&mut self.disk, self.start.min(self.log.log_end_offset())).unwrap();
        self.start = self.log.log_start_offset();
    }

    fn cut_model(&mut self, end: i64) {
        self.model.truncate(end as usize);
        self.ends.retain(|batch_end| *batch_end <= end);
        assert_eq!(self.ends.last().copied().unwrap_or(0), end, "batches stay whole");
    }

    fn check(&self) {
        assert_eq!(self.log.log_end_offset(), self.model.len() as i64);
        assert_eq!(self.log.log_start_offset(), self.start);
        let found = read_all(&self.log, &self.disk, self.start);
        let wanted = self.model.iter().enumerate().skip(self.start as usize);
        let found: Vec<_> = found.into_iter().filter(|(offset, _)| *offset >= self.start).collect();
        assert_eq!(found, wanted.map(|(offset, (value, _))| (offset as i64, value.clone())).collect::<Vec<_>>());
        for (offset, (_, epoch)) in self.model.iter().enumerate().skip(self.start as usize) {
            assert_eq!(self.log.epochs().epoch_for_offset(offset as i64), Some(*epoch), "epoch of {offset}");
        }
        let views: Vec<_> = self.log.segments().collect();
        assert!(views.windows(2).all(|pair| pair[0].next_offset == pair[1].base_offset), "{views:?}");
        for view in views {
            let length = |suffix| self.disk.len(&ottla_log::segment_file(DIR, view.base_offset, suffix));
            assert_eq!(length("log"), Some(view.size_bytes));
            assert_eq!(length("index"), Some(view.index_entries * 8));
            assert_eq!(length("timeindex"), Some(view.time_index_entries * 12));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_says_what_was_written(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.run(step);
            pair.check();
        }
    }
}
