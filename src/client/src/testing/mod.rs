//! A world with scripted brokers and one client, for the tests of this crate; invariant: the client is driven exactly as
//! a tool drives it.

mod broker;
mod cluster;
mod group;
mod tool;

pub(crate) use broker::{FakeBroker, Say, Topics};
pub(crate) use tool::{AdminTool, ConsumerTool, ProducerTool};

use ottla_world::{HostId, Pid, Process, SpawnSpec, Stdio, Time, World, WorldConfig};
use std::collections::BTreeMap;

/// Brokers 1, 2, … on ports 9092, 9093, … and a laptop.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) brokers: Vec<Pid>,
    pub(crate) laptop: HostId,
}

/// A process for a host, without streams.
pub(crate) fn spec(process: impl Process + 'static, host: HostId) -> SpawnSpec {
    SpawnSpec {
        process: Box::new(process),
        host,
        stdio: Stdio::null(),
        command: "x".into(),
        reads_stdin: false,
        delay_us: 0,
    }
}

/// Settings from pairs; the bootstrap server is broker 1.
pub(crate) fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut map = BTreeMap::from([("bootstrap.servers".to_owned(), "localhost:9092".to_owned())]);
    map.extend(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    map
}

impl Bench {
    /// Brokers that know these topics; `say` is the script of broker 1.
    pub(crate) fn new(brokers: i32, topics: &Topics, say: Vec<Say>) -> Bench {
        let mut world = World::new(WorldConfig::default());
        let mut pids = Vec::new();
        for id in 1..=brokers {
            let host = world.add_host(&format!("broker-{id}"));
            let port = 9091 + u16::try_from(id).unwrap();
            world.assign_port(port, host);
            let say = if id == 1 { say.clone() } else { Vec::new() };
            pids.push(world.spawn(spec(FakeBroker::new(id, brokers, topics.clone(), say), host)));
        }
        let laptop = world.add_host("laptop");
        Bench { world, brokers: pids, laptop }
    }

    /// Starts the client.
    pub(crate) fn start(&mut self, tool: impl Process + 'static) -> Pid {
        self.world.spawn(spec(tool, self.laptop))
    }

    pub(crate) fn until_ms(&mut self, ms: u64) {
        self.world.run_until(Time::from_millis(ms));
    }

    pub(crate) fn broker(&self, id: usize) -> &FakeBroker {
        self.world.process(self.brokers[id - 1]).unwrap()
    }

    pub(crate) fn tool<T: 'static>(&self, pid: Pid) -> &T {
        self.world.process(pid).unwrap()
    }
}
