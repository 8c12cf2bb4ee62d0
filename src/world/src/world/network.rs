//! Connections and links. Serves processes through connect, listen, send, close.
//!
//! Invariant: frames of one direction arrive in order and once; a cut link holds them back (as TCP's retransmission
//! does) and the sender is not told; a process that dies resets its connections; a host without power says nothing.

use super::{World, event::Event};
use crate::link::Passage;
use crate::{ConnectError, ConnectionId, HostId, Input, Link, Pid, Rng, Time, TraceEvent};
use bytes::Bytes;
use std::collections::VecDeque;

/// What travels on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// The client asks for a connection.
    Syn,
    /// The server's host accepted.
    SynAck,
    /// The server's host has no listener, or no such connection any more.
    Reset,
    /// A frame.
    Frame(Bytes),
    /// No more will come.
    Fin,
}

/// One end of a connection.
#[derive(Clone, Debug)]
struct End {
    host: HostId,
    pid: Option<Pid>,
    /// Whose it was, once it is closed: what was sent before still arrives.
    was: Option<Pid>,
    /// When the last segment sent from here arrives; none overtakes it.
    last_arrival: Time,
    /// Segments that a cut link holds back.
    held: VecDeque<Segment>,
    /// A segment was lost once too often: nothing sent from here arrives any more.
    given_up: bool,
}

/// A connection; `client` opened it.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    port: u16,
    client: End,
    server: End,
    open: bool,
}

impl Connection {
    fn end(&mut self, server: bool) -> &mut End {
        if server { &mut self.server } else { &mut self.client }
    }
}

impl World {
    /// The link from one host to another, to look at or to change.
    pub fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        let (seed, local) = (self.config.seed, from == to);
        let latency_us = if local { 20 } else { self.config.latency_us };
        let jitter_us = if local { 0 } else { self.config.jitter_us };
        self.links.entry((from, to)).or_insert_with(|| Link {
            latency_us,
            jitter_us,
            extra_us: 0,
            loss_percent: 0,
            lose_next: 0,
            cut: false,
            rng: Rng::stream(seed, "link", (u64::from(from.0) << 32) | u64::from(to.0)),
        })
    }

    /// The links that were used or changed so far, to look at.
    pub fn links(&self) -> impl Iterator<Item = (HostId, HostId, &Link)> {
        self.links.iter().map(|((from, to), link)| (*from, *to, link))
    }

    pub(super) fn connect(&mut self, pid: Pid, id: ConnectionId, name: &str, port: u16) {
        let from = self.infos[&pid].host;
        let known = matches!(name, "localhost" | "127.0.0.1") || self.hosts.iter().any(|h| h.name == name);
        if !known {
            let input = Input::ConnectFailed { connection: id, error: ConnectError::UnknownHost };
            return self.schedule(self.now, Event::Input { pid, input });
        }
        let to = self.ports.get(&port).copied().unwrap_or(from);
        let end =
            |host, pid| End { host, pid, was: None, last_arrival: Time::ZERO, held: VecDeque::new(), given_up: false };
        let connection = Connection { port, client: end(from, Some(pid)), server: end(to, None), open: false };
        self.connections.insert(id, connection);
        self.transmit(id, true, Segment::Syn);
    }

    /// Sends from a process that has an end of the connection; nothing happens if it has none.
    pub(super) fn send(&mut self, pid: Pid, id: ConnectionId, segment: Segment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let to_server = connection.client.pid == Some(pid);
        if !to_server && connection.server.pid != Some(pid) {
            return;
        }
        let peer = connection.end(to_server).pid;
        let frame = match &segment {
            Segment::Frame(frame) => Some(frame.clone()),
            _ => None,
        };
        let arrives = self.transmit(id, to_server, segment);
        if let (Some(frame), Some(to)) = (frame, peer) {
            let at = self.now;
            self.record(|| TraceEvent::Sent { at, arrives, connection: id, from: pid, to, frame });
        }
    }

    /// Puts a segment on its link; the time it arrives, or `None` if it is held back.
    fn transmit(&mut self, id: ConnectionId, to_server: bool, segment: Segment) -> Option<Time> {
        let connection = self.connections.get(&id)?;
        let (sender, receiver) = match to_server {
            true => (&connection.client, &connection.server),
            false => (&connection.server, &connection.client),
        };
        if sender.given_up {
            // Behind a segment that will never arrive, nothing does.
            return None;
        }
        let (from, to) = (sender.host, receiver.host);
        let link = self.link(from, to);
        if link.cut {
            self.connections.get_mut(&id)?.end(!to_server).held.push_back(segment);
            return None;
        }
        let passage = link.draw(segment == Segment::Syn);
        let now = self.now;
        let sender = self.connections.get_mut(&id)?.end(!to_server);
        let delay = match passage {
            Passage::Arrives(delay) => delay,
            Passage::GivenUp(after) => {
                sender.given_up = true;
                self.schedule(now + after, Event::GiveUp { connection: id, sender_is_server: !to_server });
                return None;
            }
        };
        let at = (now + delay).max(sender.last_arrival);
        sender.last_arrival = at;
        self.schedule(at, Event::Arrive { connection: id, to_server, segment });
        Some(at)
    }

    pub(super) fn arrive(&mut self, id: ConnectionId, to_server: bool, segment: Segment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let receiver = connection.end(to_server);
        if !self.hosts[receiver.host.0 as usize].up {
            return;
        }
        if segment == Segment::Syn {
            return self.accept(id);
        }
        let Some(pid) = receiver.pid else {
            // The host is there and knows nothing of this connection any more.
            if matches!(segment, Segment::Frame(_)) {
                self.transmit(id, !to_server, Segment::Reset);
            }
            return;
        };
        match segment {
            Segment::Syn => {}
            Segment::SynAck => self.deliver(pid, Input::Connected { connection: id }),
            Segment::Frame(frame) => self.deliver_frame(id, to_server, pid, frame),
            Segment::Reset | Segment::Fin => self.closed_by_peer(id, pid),
        }
    }

    fn accept(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let listener = self.listeners.get(&connection.port).copied();
        let listener = listener.filter(|pid| self.infos.get(pid).is_some_and(|i| i.host == connection.server.host));
        let Some(server) = listener else {
            self.transmit(id, false, Segment::Reset);
            return;
        };
        connection.server.pid = Some(server);
        connection.open = true;
        let (port, peer, client) = (connection.port, connection.client.host, connection.client.pid);
        let at = self.now;
        if let Some(client) = client {
            self.record(|| TraceEvent::Opened { at, connection: id, client, server, port });
        }
        self.transmit(id, false, Segment::SynAck);
        self.deliver(server, Input::Accepted { connection: id, port, peer });
    }

    fn deliver_frame(&mut self, id: ConnectionId, to_server: bool, to: Pid, frame: Bytes) {
        let at = self.now;
        let sender = self.connections.get_mut(&id).map(|c| c.end(!to_server));
        let from = sender.and_then(|end| end.pid.or(end.was));
        if let Some(from) = from {
            let copy = frame.clone();
            self.record(|| TraceEvent::Delivered { at, connection: id, from, to, frame: copy });
        }
        self.deliver(to, Input::Frame { connection: id, frame });
    }

    /// The sender's TCP gives up: the program there sees its connection end, the other end knows nothing of it.
    pub(super) fn give_up(&mut self, id: ConnectionId, sender_is_server: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let open = connection.open;
        let sender = connection.end(sender_is_server);
        sender.given_up = false;
        let Some(pid) = sender.pid.take() else { return };
        if !open || connection.end(!sender_is_server).pid.is_none() {
            return self.closed_by_peer(id, pid);
        }
        let at = self.now;
        self.record(|| TraceEvent::Closed { at, connection: id });
        self.deliver(pid, Input::Closed { connection: id });
    }

    fn closed_by_peer(&mut self, id: ConnectionId, pid: Pid) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let at = self.now;
        let input = if connection.open {
            self.record(|| TraceEvent::Closed { at, connection: id });
            Input::Closed { connection: id }
        } else {
            Input::ConnectFailed { connection: id, error: ConnectError::Refused }
        };
        self.deliver(pid, input);
    }

    /// One end closes: the other is told after what was sent before.
    pub(super) fn close(&mut self, pid: Pid, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let is_client = connection.client.pid == Some(pid);
        if !is_client && connection.server.pid != Some(pid) {
            return;
        }
        let end = connection.end(!is_client);
        end.was = end.pid.take();
        let peer_gone = connection.end(is_client).pid.is_none();
        if connection.open && !peer_gone {
            self.transmit(id, is_client, Segment::Fin);
        } else if connection.open || is_client {
            self.connections.remove(&id);
        }
    }

    pub(super) fn close_all(&mut self, pid: Pid) {
        let ends = |c: &Connection| c.client.pid == Some(pid) || c.server.pid == Some(pid);
        let ids: Vec<ConnectionId> = self.connections.iter().filter(|(_, c)| ends(c)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.close(pid, id));
    }

    /// The host is without power: its ends are gone and nobody is told.
    pub(super) fn forget_ends(&mut self, host: HostId) {
        self.connections.retain(|_, connection| {
            for server in [false, true] {
                let end = connection.end(server);
                if end.host == host {
                    end.pid = None;
                    end.held.clear();
                }
            }
            connection.client.pid.is_some() || connection.server.pid.is_some()
        });
    }

    /// The link carries again: what was held back goes out in order.
    pub(super) fn heal(&mut self, from: HostId, to: HostId) {
        self.link(from, to).cut = false;
        let ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in ids {
            for to_server in [true, false] {
                let Some(connection) = self.connections.get_mut(&id) else { continue };
                let receiver = connection.end(to_server).host;
                let sender = connection.end(!to_server);
                if sender.host != from || receiver != to {
                    continue;
                }
                for segment in std::mem::take(&mut sender.held) {
                    self.transmit(id, to_server, segment);
                }
            }
        }
    }
}
