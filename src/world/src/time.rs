//! Virtual time. Serves every state machine; invariant: whole microseconds since the start of the run, never a float.

use serde::{Deserialize, Serialize};
use std::ops::Add;

/// A moment of a run: microseconds since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens.
    pub const MAX: Time = Time(u64::MAX);

    /// The moment `us` microseconds after the start.
    pub const fn from_micros(us: u64) -> Time {
        Time(us)
    }

    /// The moment `ms` milliseconds after the start.
    pub const fn from_millis(ms: u64) -> Time {
        Time(ms.saturating_mul(1000))
    }

    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// This moment plus `ms` milliseconds.
    pub const fn plus_millis(self, ms: u64) -> Time {
        Time(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    /// Microseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub const fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub const fn millis_since(self, earlier: Time) -> u64 {
        self.since(earlier) / 1000
    }
}

impl Add<u64> for Time {
    type Output = Time;
    /// This moment plus microseconds.
    fn add(self, us: u64) -> Time {
        Time(self.0.saturating_add(us))
    }
}
