//! The clock of a page: virtual time follows real time at a chosen speed. Serves the engine; invariant: a page that was
//! asleep drops its backlog, and one tick never does more than its budget of events.

use super::playback::Playback;
use ottla_lab::Lab;

/// Real time that one tick makes up for at most, in microseconds.
const LONGEST_TICK_US: u64 = 250_000;
/// Events that one tick lets happen at most.
const BUDGET: u32 = 30_000;
/// Thousandths of real time: 0.1x to 10,000x, which is about as fast as a browser runs an idle cluster.
const SPEEDS: std::ops::RangeInclusive<u32> = 100..=10_000_000;

/// Whether and how fast time runs.
#[derive(Clone, Debug)]
pub struct Clock {
    playing: bool,
    speed: u32,
    /// Virtual nanoseconds owed, less than a microsecond's worth.
    rest: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { playing: true, speed: 1000, rest: 0 }
    }
}

impl Clock {
    /// Whether time runs.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Virtual seconds a real second, in thousandths.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// Sets both; the speed is brought into bounds.
    pub fn set(&mut self, playing: bool, speed: u32) {
        self.playing = playing;
        self.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end());
    }

    /// Lets a lab's time follow `elapsed_us` of real time, with the inputs of a recorded run at their times.
    pub(super) fn advance(&mut self, lab: &mut Lab, playback: &mut Playback, elapsed_us: u64) {
        if !self.playing {
            return;
        }
        let owed = elapsed_us.min(LONGEST_TICK_US) * u64::from(self.speed) + self.rest;
        self.rest = owed % 1000;
        let target = lab.now() + owed / 1000;
        for _ in 0..BUDGET {
            let limit = playback.next_at().map_or(target, |at| at.min(target));
            if !lab.step(limit) {
                lab.run_until(limit);
                if lab.now() >= target {
                    break;
                }
                playback.apply_due(lab);
            }
        }
        playback.apply_due(lab);
    }
}
