//! The disks of the other hosts, to read. Serves a person's tools, which may look at the nodes' files as over ssh; invariant:
//! nothing can be changed through this, and no server looks.

use super::Host;
use crate::{Disk, HostId};

/// The disks of all hosts but one, in the hosts' order.
#[derive(Clone, Copy, Debug, Default)]
pub struct OtherDisks<'a> {
    before: &'a [Host],
    after: &'a [Host],
}

impl<'a> OtherDisks<'a> {
    /// A host's own disk, and those of the others.
    pub(super) fn around(hosts: &'a mut [Host], host: HostId) -> (&'a mut Disk, OtherDisks<'a>) {
        let (before, rest) = hosts.split_at_mut(host.0 as usize);
        let [own, after @ ..] = rest else { panic!("a process runs on a host that is there") };
        (&mut own.disk, OtherDisks { before, after })
    }

    /// Each of these disks.
    pub fn iter(self) -> impl Iterator<Item = &'a Disk> {
        self.before.iter().chain(self.after).map(|host| &host.disk)
    }
}
