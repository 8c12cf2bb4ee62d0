//! A disk that becomes full at any moment: the log says so, panics never, and loses nothing that it took.

mod common;

use common::*;
use ottla_log::{CleanupPolicy, LogConfig, LogError, Shutdown};
use ottla_world::{Disk, DiskError};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_taken_is_there_after_a_restart(capacity in 0..6000u64, failing_from in prop::option::of(0..60usize)) {
        let mut disk = Disk::default();
        let config = LogConfig {
            cleanup_policy: CleanupPolicy { delete: true, compact: true },
            min_cleanable_dirty_ratio_millionths: 100_000,
            ..small_segments()
        };
        let mut log = open(&mut disk, &config);
        disk.set_capacity(Some(disk.used_bytes() + capacity));
        let mut end = 0;
        for number in 0..60 {
            disk.set_failing(failing_from == Some(number));
            match log.append_as_leader(&mut disk, batch(&[&format!("value-{number}")]), (number / 20) as i32, NOW) {
                Ok(info) => end = info.last_offset + 1,
                Err(LogError::Disk(DiskError::Full(_) | DiskError::Failed(_))) => break,
                Err(other) => prop_assert!(false, "{}", other),
            }
            log.set_high_watermark(i64::MAX);
            if number % 10 == 9 && let Some(cleanable) = log.cleanable(NOW) {
                let cleaned = log.clean(&mut disk, &cleanable, NOW, 1000);
                if cleaned.is_err() {
                    prop_assert!(matches!(cleaned, Err(LogError::Disk(_))));
                    break;
                }
            }
        }
        // The broker halts; when there is room again it starts anew.
        disk.set_capacity(None);
        disk.set_failing(false);
        let (log, recovery) = open_after(&mut disk, &config, Shutdown::UncleanAfter(log.recovery_point()));
        prop_assert_eq!(recovery.damage, None);
        prop_assert!(log.log_end_offset() >= end, "{} left of {}", log.log_end_offset(), end);
        // All have the same key: the last one is never compacted away.
        if let Some((offset, value)) = read_all(&log, &disk, 0).last() {
            prop_assert_eq!(value, &format!("value-{offset}"));
            prop_assert!(*offset + 1 >= end);
        } else {
            prop_assert_eq!(end, 0);
        }
    }
}
