//! What an administrator does meanwhile, with Kafka's own tools. Serves the run; invariant: what is drawn depends on the seed and
//! on the metadata of the moment only.

use super::{
    kinds::{self, ActionKind},
    knobs::Knobs,
    look::{self, TOPIC},
};
use ottla_lab::{Lab, NodeKind, protocol::LabInput};
use ottla_world::{Rng, Time};

/// The commands of a run.
#[derive(Debug)]
pub(super) struct Actions {
    rng: Rng,
    next_at: Time,
    /// Topics created so far.
    created: u64,
}

/// Most topics beside the one that records go to.
const MOST_TOPICS: u64 = 3;
/// Most partitions of the topic that records go to.
const MOST_PARTITIONS: i32 = 5;

impl Actions {
    pub(super) fn new(knobs: &Knobs, now: Time) -> Actions {
        let mut rng = Rng::stream(knobs.seed, "simulate-actions", 0);
        let wait_ms = rng.between(knobs.action_gap_ms.0, knobs.action_gap_ms.1);
        let next_at = if knobs.actions.is_empty() { Time::MAX } else { now.plus_millis(wait_ms) };
        Actions { rng, next_at, created: 0 }
    }

    /// When something is to be done next.
    pub(super) fn next_at(&self) -> Time {
        self.next_at
    }

    /// What is to be done now.
    pub(super) fn due(&mut self, lab: &Lab, knobs: &Knobs) -> Option<LabInput> {
        if self.next_at > lab.now() {
            return None;
        }
        let wait_ms = self.rng.between(knobs.action_gap_ms.0, knobs.action_gap_ms.1);
        self.next_at = lab.now().plus_millis(wait_ms);
        let kind = kinds::draw(&mut self.rng, &knobs.actions)?;
        Some(run(self.command(lab, kind)?))
    }

    fn command(&mut self, lab: &Lab, kind: ActionKind) -> Option<String> {
        let (which, other) = (self.rng.next_u64(), self.rng.next_u64());
        let partitions = look::partitions(lab).max(1);
        let partition = (which % partitions as u64) as i32;
        Some(match kind {
            ActionKind::CreateTopic => {
                if self.created >= MOST_TOPICS {
                    return None;
                }
                self.created += 1;
                let n = self.created;
                tool(
                    "topics",
                    &format!("--create --topic spare-{n} --partitions {} --replication-factor 3", 1 + which % 3),
                )
            }
            ActionKind::DeleteTopic => {
                tool("topics", &format!("--delete --topic spare-{}", 1 + which % self.created.max(1)))
            }
            ActionKind::AddPartition => {
                if partitions >= MOST_PARTITIONS {
                    return None;
                }
                tool("topics", &format!("--alter --topic {TOPIC} --partitions {}", partitions + 1))
            }
            ActionKind::Reassign => {
                let mut ids: Vec<i32> = lab.cluster().ids(NodeKind::Broker).collect();
                let by = (which % ids.len() as u64) as usize;
                ids.rotate_left(by);
                if other & 1 == 0 {
                    ids.reverse();
                }
                ids.truncate(3);
                let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
                let plan = format!(
                    "{{\"version\":1,\"partitions\":[{{\"topic\":\"{TOPIC}\",\"partition\":{partition},\"replicas\":[{}]}}]}}",
                    ids.join(",")
                );
                let reassign = tool("reassign-partitions", "--reassignment-json-file plan.json --execute");
                format!("echo '{plan}' > plan.json; {reassign}")
            }
            ActionKind::ElectPreferred => tool("leader-election", "--election-type preferred --all-topic-partitions"),
            ActionKind::TopicConfig => {
                let settings =
                    ["retention.bytes=-1", "segment.ms=500", "max.message.bytes=100000", "index.interval.bytes=1"];
                let setting = settings[(which % settings.len() as u64) as usize];
                tool("configs", &format!("--alter --entity-type topics --entity-name {TOPIC} --add-config {setting}"))
            }
            ActionKind::BrokerConfig => {
                let settings = ["log.retention.ms=86400000", "message.max.bytes=500000", "num.replica.fetchers=2"];
                let setting = settings[(which % settings.len() as u64) as usize];
                tool("configs", &format!("--alter --entity-type brokers --entity-default --add-config {setting}"))
            }
            ActionKind::Describe => tool("topics", "--describe"),
        })
    }
}

fn tool(name: &str, arguments: &str) -> String {
    format!("kafka-{name}.sh --bootstrap-server {} {arguments}", bootstrap(3))
}

/// The brokers' addresses.
pub(super) fn bootstrap(brokers: u32) -> String {
    (0..brokers).map(|n| format!("localhost:{}", 9092 + n)).collect::<Vec<_>>().join(",")
}

fn run(script: String) -> LabInput {
    LabInput::Run { script, stdin: None }
}

/// Creates the topic that records go to.
pub(super) fn create_topic(knobs: &Knobs) -> LabInput {
    let configs: String = knobs.topic.iter().map(|(name, value)| format!(" --config {name}={value}")).collect();
    let arguments =
        format!("--create --topic {TOPIC} --partitions {} --replication-factor 3{configs}", knobs.partitions);
    run(tool("topics", &arguments))
}
