//! Faults, applied. Serves labs and simulations; invariant: a fault does to the world what its cause would do, no more.

use super::World;
use crate::{Fault, HostId, Pid, Rng, TraceEvent};

impl World {
    /// Causes a fault, or ends one.
    pub fn cause(&mut self, fault: &Fault) {
        let at = self.now;
        self.record(|| TraceEvent::Fault { at, fault: fault.clone() });
        self.digest.bytes(format!("{fault:?}").as_bytes());
        match *fault {
            Fault::Signal { pid, signal } => self.signal(pid, signal),
            Fault::PowerCut { host } => self.power_cut(host),
            Fault::PowerOn { host } => self.hosts[host.0 as usize].up = true,
            Fault::CutLink { from, to } => self.link(from, to).cut = true,
            Fault::HealLink { from, to } => self.heal(from, to),
            Fault::SlowLink { from, to, extra_us } => self.link(from, to).extra_us = extra_us,
            Fault::SlowDisk { host, extra_us } => self.hosts[host.0 as usize].flush_extra_us = extra_us,
            Fault::SkewClock { host, skew_ms } => self.hosts[host.0 as usize].skew_ms = skew_ms,
        }
    }

    fn power_cut(&mut self, host: HostId) {
        let pids: Vec<Pid> = self.infos.values().filter(|i| i.host == host).map(|i| i.pid).collect();
        let at = self.now;
        for pid in pids {
            self.remove(pid);
            self.record(|| TraceEvent::Exited { at, pid, status: None });
        }
        self.forget_ends(host);
        let entry = &mut self.hosts[host.0 as usize];
        entry.up = false;
        let mut rng: Rng = entry.rng.clone();
        entry.disk.power_cut(&mut rng);
        entry.rng = rng;
    }
}
