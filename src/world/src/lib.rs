//! The virtual world: time, events, hosts, links, disks, processes, faults
