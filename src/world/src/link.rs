//! Links: one direction from host to host. Serves the network; invariant: latency and loss are drawn from the link's own
//! stream, and frames of one connection never overtake each other.
//!
//! Loss is what TCP makes of it. A frame counts as one segment. A lost segment is sent again after a retransmission timeout,
//! which doubles each time, so a lossy link shows as delay; and as the connection delivers in order, what was sent later
//! waits as well (head-of-line blocking). Fast retransmission is left out: Kafka's requests and answers mostly travel alone,
//! with nothing behind them that would provoke duplicate acknowledgements. After [`MAX_RETRANSMISSIONS`] the sender gives the
//! connection up, as Linux does (`tcp_retries2`); the other end learns it when it sends next.

use crate::Rng;

/// How often a segment is sent again before the connection is given up: Linux's `tcp_retries2`.
pub const MAX_RETRANSMISSIONS: u32 = 15;
/// How often a request for a connection is sent again: Linux's `tcp_syn_retries`.
pub const MAX_SYN_RETRANSMISSIONS: u32 = 6;
/// The shortest retransmission timeout, in microseconds: Linux's `TCP_RTO_MIN`.
const RTO_MIN_US: u64 = 200_000;
/// The first retransmission timeout of a request for a connection, in microseconds: Linux's `TCP_TIMEOUT_INIT`.
const RTO_SYN_US: u64 = 1_000_000;
/// The longest, in microseconds: Linux's `TCP_RTO_MAX`.
const RTO_MAX_US: u64 = 120_000_000;

/// One direction between two hosts.
#[derive(Clone, Debug)]
pub struct Link {
    /// Shortest time a frame takes, in microseconds.
    pub latency_us: u64,
    /// Up to this much more, drawn anew for each frame, in microseconds.
    pub jitter_us: u64,
    /// What a fault adds, in microseconds.
    pub extra_us: u64,
    /// Of a hundred segments, so many are lost.
    pub loss_percent: u8,
    /// So many of the next segments are lost, once each.
    pub lose_next: u32,
    /// Nothing gets through; senders are not told.
    pub cut: bool,
    pub(crate) rng: Rng,
}

/// What becomes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It arrives after so many microseconds.
    Arrives(u64),
    /// It never arrives; after so many microseconds its sender gives up.
    GivenUp(u64),
}

impl Link {
    /// Draws what becomes of a segment; `syn` asks for a connection.
    pub(crate) fn draw(&mut self, syn: bool) -> Passage {
        let travel_us = self.latency_us + self.extra_us + self.rng.below(self.jitter_us + 1);
        if self.loss_percent == 0 && self.lose_next == 0 {
            return Passage::Arrives(travel_us);
        }
        let (first_us, most) = match syn {
            true => (RTO_SYN_US, MAX_SYN_RETRANSMISSIONS),
            false => (RTO_MIN_US + 2 * (self.latency_us + self.extra_us), MAX_RETRANSMISSIONS),
        };
        let (mut waited_us, mut timeout_us, mut sent_again) = (0, first_us.min(RTO_MAX_US), 0);
        let mut lost = self.lose_next > 0 || self.is_lost();
        self.lose_next = self.lose_next.saturating_sub(1);
        while lost {
            waited_us += timeout_us;
            if sent_again == most {
                return Passage::GivenUp(waited_us);
            }
            sent_again += 1;
            timeout_us = (2 * timeout_us).min(RTO_MAX_US);
            lost = self.is_lost();
        }
        Passage::Arrives(waited_us + travel_us)
    }

    fn is_lost(&mut self) -> bool {
        self.loss_percent > 0 && self.rng.below(100) < u64::from(self.loss_percent)
    }
}
