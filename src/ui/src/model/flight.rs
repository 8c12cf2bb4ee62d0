//! Where the marks of frames stand. Serves the picture; invariant: a mark lies on the line between its two nodes, and a frame whose
//! node is not drawn has none.

use ottla_lab::protocol::Flight;

/// A point, in CSS pixels.
pub type Point = (f64, f64);

/// The ends of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// Where the frame left.
    pub from: Point,
    /// Where it arrives.
    pub to: Point,
}

/// A frame's mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// The line it travels on.
    pub ends: Ends,
    /// Where it is.
    pub at: Point,
    /// What it is.
    pub api: String,
    /// It is an answer.
    pub is_response: bool,
}

/// The most marks that are drawn.
const MOST: usize = 24;

/// The marks of frames at a time; `place` gives the middle of a node.
pub fn marks(flights: &[Flight], now_us: u64, place: &dyn Fn(i32) -> Option<Point>) -> Vec<Spot> {
    let mark = |flight: &Flight| {
        let ends = Ends { from: place(flight.from)?, to: place(flight.to)? };
        let share = share(flight, now_us);
        let between = |from: f64, to: f64| (from + (to - from) * share).round();
        let at = (between(ends.from.0, ends.to.0), between(ends.from.1, ends.to.1));
        Some(Spot { ends, at, api: flight.api.clone(), is_response: flight.is_response })
    };
    flights.iter().filter_map(mark).take(MOST).collect()
}

/// How much of its way a frame has behind it, from 0 to 1. Only drawn: no outcome rests on it.
fn share(flight: &Flight, now_us: u64) -> f64 {
    let whole = flight.arrives_us.saturating_sub(flight.sent_us).max(1);
    let gone = now_us.saturating_sub(flight.sent_us).min(whole);
    gone as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_lie_on_their_lines() {
        let flight =
            |from, to| Flight { from, to, api: "Fetch".into(), is_response: false, sent_us: 100, arrives_us: 300 };
        let place = |node: i32| (node < 3).then(|| (f64::from(node) * 100.0, 10.0));
        let flights = [flight(0, 1), flight(2, 1), flight(1, 9)];
        let at = |now| marks(&flights, now, &place).iter().map(|spot| spot.at).collect::<Vec<_>>();
        assert_eq!(at(150), [(25.0, 10.0), (175.0, 10.0)]);
        assert_eq!(at(0), [(0.0, 10.0), (200.0, 10.0)]);
        assert_eq!(at(999), [(100.0, 10.0), (100.0, 10.0)]);
    }
}
