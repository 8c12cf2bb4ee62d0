//! Links: one direction from host to host. Serves the network; invariant: latency is drawn from the link's own stream,
//! and frames of one connection never overtake each other.

use crate::Rng;

/// One direction between two hosts.
#[derive(Clone, Debug)]
pub struct Link {
    /// Shortest time a frame takes, in microseconds.
    pub latency_us: u64,
    /// Up to this much more, drawn anew for each frame, in microseconds.
    pub jitter_us: u64,
    /// What a fault adds, in microseconds.
    pub extra_us: u64,
    /// Nothing gets through; senders are not told.
    pub cut: bool,
    pub(crate) rng: Rng,
}

impl Link {
    pub(crate) fn draw_us(&mut self) -> u64 {
        self.latency_us + self.extra_us + self.rng.below(self.jitter_us + 1)
    }
}
