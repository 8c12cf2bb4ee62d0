//! The events in the queue. Serves the world; invariant: an event that names something gone does nothing.

use super::{World, network::Segment};
use crate::{ConnectionId, FlushId, HostId, Input, Pid};

/// Something that is due at a moment.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// An input for a process.
    Input { pid: Pid, input: Input },
    /// A process's timer, if it still is the one that was set.
    Wake { pid: Pid, generation: u64 },
    /// A segment reaches the far end of its connection.
    Arrive { connection: ConnectionId, to_server: bool, segment: Segment },
    /// An end of a connection has sent the same segment again and again and gives up.
    GiveUp { connection: ConnectionId, sender_is_server: bool },
    /// A flush reaches the disk.
    FlushDone { flush: FlushId },
    /// The operating system brings a host's dirty pages to the disk.
    WriteBack { host: HostId },
}

impl World {
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Input { pid, input } => self.deliver(pid, input),
            Event::Wake { pid, generation } => self.wake(pid, generation),
            Event::Arrive { connection, to_server, segment } => self.arrive(connection, to_server, segment),
            Event::GiveUp { connection, sender_is_server } => self.give_up(connection, sender_is_server),
            Event::FlushDone { flush } => self.flush_done(flush),
            Event::WriteBack { host } => {
                let host = &mut self.hosts[host.0 as usize];
                host.writeback_due = false;
                host.disk.write_back();
            }
        }
    }

    fn wake(&mut self, pid: Pid, generation: u64) {
        let Some(slot) = self.slots.get_mut(&pid) else { return };
        if slot.wake_generation == generation {
            slot.wake = None;
            self.deliver(pid, Input::Wake);
        }
    }

    fn flush_done(&mut self, flush: FlushId) {
        let Some(pending) = self.flushes.remove(&flush) else { return };
        let disk = &mut self.hosts[pending.host.0 as usize].disk;
        if pending.paths.iter().any(|path| disk.flush(path).is_err()) {
            // What was to leave only when it is durable never leaves.
            return self.deliver(pending.pid, Input::FlushFailed(flush));
        }
        for (connection, frame) in pending.sends {
            self.send(pending.pid, connection, Segment::Frame(frame));
        }
        self.deliver(pending.pid, Input::Flushed(flush));
    }
}
