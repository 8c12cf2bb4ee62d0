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
            Fault::LossyLink { from, to, percent } => self.link(from, to).loss_percent = percent.min(100),
            Fault::LoseNext { from, to, segments } => self.link(from, to).lose_next = segments,
            Fault::FullDisk { host } => {
                let disk = self.disk_mut(host);
                disk.set_capacity(Some(disk.used_bytes()));
            }
            Fault::FailDisk { host } => self.disk_mut(host).set_failing(true),
            Fault::HealDisk { host } => self.heal_disk(host),
            Fault::SlowDisk { host, extra_us } => self.hosts[host.0 as usize].flush_extra_us = extra_us,
            Fault::SkewClock { host, skew_ms } => self.hosts[host.0 as usize].skew_ms = skew_ms,
        }
    }

    fn heal_disk(&mut self, host: HostId) {
        let entry = &mut self.hosts[host.0 as usize];
        entry.flush_extra_us = 0;
        entry.disk.set_capacity(None);
        entry.disk.set_failing(false);
    }

    /// By how many microseconds flushes on a host's disk take longer than they should.
    pub fn disk_extra_us(&self, host: HostId) -> u64 {
        self.hosts[host.0 as usize].flush_extra_us
    }

    /// By how many milliseconds a host's wall clock is off.
    pub fn clock_skew_ms(&self, host: HostId) -> i64 {
        self.hosts[host.0 as usize].skew_ms
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
