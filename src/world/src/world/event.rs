//! The events in the queue. Serves the world; invariant: an event that names something gone does nothing.

use super::{World, network::Segment};
use crate::{ConnectionId, FlushId, HostId, Input, Pid};

/// Something that is due at a moment.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// An input for a process.
    Input { pid: Pid, input: Input },
    /// A process's timer may be due.
    Wake { pid: Pid },
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
            Event::Wake { pid } => self.wake(pid),
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

    /// Most timers are put off again and again before they are due: then a ring comes early and is set to the new time.
    fn wake(&mut self, pid: Pid) {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(&pid).filter(|slot| slot.ring == Some(now)) else { return };
        slot.ring = None;
        match slot.wake {
            Some(at) if at > now => {
                slot.ring = Some(at);
                self.schedule(at, Event::Wake { pid });
            }
            Some(_) => {
                slot.wake = None;
                self.deliver(pid, Input::Wake);
            }
            None => {}
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
