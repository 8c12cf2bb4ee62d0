//! The events that are due, in order. Serves the world; invariant: events leave by (time, sequence number), and each
//! event gets the next sequence number.
//!
//! The heap sorts small keys; the events themselves lie still until it is their turn.

use super::event::Event;
use crate::Time;
use std::{cmp::Reverse, collections::BinaryHeap};

/// The queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    sequence: u64,
    heap: BinaryHeap<Reverse<(Time, u64, u32)>>,
    events: Vec<Option<Event>>,
    free: Vec<u32>,
}

impl Queue {
    /// When the first event is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Puts an event behind all that are due at the same time.
    pub(super) fn push(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place as usize] = Some(event);
                place
            }
            None => {
                self.events.push(Some(event));
                u32::try_from(self.events.len() - 1).expect("fewer events than four billion")
            }
        };
        self.heap.push(Reverse((at, self.sequence, place)));
    }

    /// Takes the first event with its time and sequence number, if it is due by `limit`.
    pub(super) fn pop_until(&mut self, limit: Time) -> Option<(Time, u64, Event)> {
        if self.next_at()? > limit {
            return None;
        }
        let Reverse((at, sequence, place)) = self.heap.pop()?;
        let event = self.events[place as usize].take().expect("each key has its event");
        self.free.push(place);
        Some((at, sequence, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostId;

    #[test]
    fn events_leave_by_time_and_then_in_the_order_they_came() {
        let mut queue = Queue::default();
        let at = Time::from_micros;
        for (time, host) in [(5, 0), (3, 1), (5, 2), (3, 3), (9, 4)] {
            queue.push(at(time), Event::WriteBack { host: HostId(host) });
        }
        let mut order = Vec::new();
        while let Some((_, _, Event::WriteBack { host })) = queue.pop_until(at(5)) {
            order.push(host.0);
        }
        assert_eq!(order, [1, 3, 0, 2]);
        assert_eq!(queue.next_at(), Some(at(9)));
    }
}
