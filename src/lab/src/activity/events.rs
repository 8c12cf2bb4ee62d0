//! Lines of the event log. Serves people who want to know what happened; invariant: one compact line a thing.

use crate::{Cluster, protocol::EventLine};
use ottla_world::{Fault, HostId, Pid, Signal, TraceEvent, World};

/// Words that make a node's note one to stop at.
const INTERESTING: [&str; 9] =
    ["leader", "ISR", "elect", "fence", "generation", "rebalanc", "truncat", "epoch", "deleted ("];

pub(super) fn line(world: &World, cluster: &Cluster, event: &TraceEvent) -> Option<EventLine> {
    let (at, node, text, interesting) = match event {
        TraceEvent::Note { at, pid, text } => {
            let interesting = INTERESTING.iter().any(|word| text.contains(word));
            (at, node_of(world, cluster, *pid), text.clone(), interesting)
        }
        TraceEvent::Fault { at, fault } => (at, None, describe(world, cluster, fault), true),
        TraceEvent::Started { at, host, command, .. } if *host != cluster.laptop() => {
            (at, Some(cluster.node_on(*host)), format!("started: {command}"), false)
        }
        TraceEvent::Exited { at, pid, status } => {
            let node = cluster.nodes.iter().find(|(_, n)| n.pid == Some(*pid)).map(|(id, _)| *id)?;
            let how = status.map_or_else(|| "power lost".to_owned(), |s| format!("exit {}", s.shell_code()));
            (at, Some(node), format!("ended: {how}"), true)
        }
        _ => return None,
    };
    Some(EventLine { id: 0, at_us: at.as_micros(), node, text, interesting })
}

fn node_of(world: &World, cluster: &Cluster, pid: Pid) -> Option<i32> {
    world.processes().find(|info| info.pid == pid).map(|info| cluster.node_on(info.host))
}

fn describe(world: &World, cluster: &Cluster, fault: &Fault) -> String {
    let name = |host: &HostId| world.host_name(*host).to_owned();
    match fault {
        Fault::Signal { pid, signal } => {
            let node = cluster.nodes.iter().find(|(_, n)| n.pid == Some(*pid)).map(|(id, _)| format!("node {id}"));
            let whom = node.unwrap_or_else(|| format!("process {}", pid.0));
            match signal {
                Signal::Kill => format!("{whom} killed"),
                Signal::Terminate => format!("{whom} told to stop"),
                Signal::Stop => format!("{whom} paused"),
                Signal::Continue => format!("{whom} resumed"),
                other => format!("{whom} got signal {}", other.number()),
            }
        }
        Fault::PowerCut { host } => format!("{} lost power", name(host)),
        Fault::PowerOn { host } => format!("{} has power", name(host)),
        Fault::CutLink { from, to } => format!("link {} to {} cut", name(from), name(to)),
        Fault::HealLink { from, to } => format!("link {} to {} healed", name(from), name(to)),
        Fault::SlowLink { from, to, extra_us } => {
            format!("link {} to {} slower by {} ms", name(from), name(to), extra_us / 1000)
        }
        Fault::LossyLink { from, to, percent } => {
            format!("link {} to {} loses {percent} of 100 segments", name(from), name(to))
        }
        Fault::LoseNext { from, to, segments } => {
            format!("link {} to {} loses the next {segments} segments once", name(from), name(to))
        }
        Fault::FullDisk { host } => format!("disk of {} full", name(host)),
        Fault::FailDisk { host } => format!("disk of {} fails", name(host)),
        Fault::HealDisk { host } => format!("disk of {} well", name(host)),
        Fault::SlowDisk { host, extra_us } => format!("disk of {} slower by {} ms", name(host), extra_us / 1000),
        Fault::SkewClock { host, skew_ms } => format!("clock of {} off by {skew_ms} ms", name(host)),
    }
}
