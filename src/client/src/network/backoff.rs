//! Exponential back-off with jitter. Serves connections, metadata and retries; invariant: integers only, so that a run
//! replays (Kafka's `ExponentialBackoff` with multiplier 2 and jitter 0.2).

use ottla_world::Rng;

/// A back-off that doubles from `initial_ms` to `max_ms`, each time 80 to 120 percent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub(crate) initial_ms: u64,
    pub(crate) max_ms: u64,
}

impl Backoff {
    /// What to wait after `attempts` failures before this one.
    pub(crate) fn draw_ms(&self, rng: &mut Rng, attempts: u32) -> u64 {
        let doubled = if attempts >= 32 { self.max_ms } else { self.initial_ms.saturating_mul(1 << attempts) };
        let term = doubled.min(self.max_ms);
        let permille = rng.between(800, 1200);
        (term.saturating_mul(permille) / 1000).min(self.max_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_with_jitter_up_to_the_maximum() {
        let backoff = Backoff { initial_ms: 50, max_ms: 1000 };
        let mut rng = Rng::new(1);
        for (attempts, low, high) in [(0, 40, 60), (1, 80, 120), (3, 320, 480), (5, 800, 1000), (40, 800, 1000)] {
            for _ in 0..50 {
                assert!((low..=high).contains(&backoff.draw_ms(&mut rng, attempts)), "{attempts}");
            }
        }
    }
}
