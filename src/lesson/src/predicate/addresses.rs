//! Bootstrap addresses: what a client was given and whom it reached. Serves lessons; invariant: reached is who answered, on
//! the wire.

use super::{Verdict, done_if};
use crate::Facts;
use ottla_lab::Command;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A predicate about bootstrap addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AddressPredicate {
    /// Every broker was asked by a program that was given its address only.
    AskedEachBroker {},
    /// A consumer was given the address of one broker and read the topic from another, its leader.
    ReadThroughAnotherBroker {
        /// The topic's name.
        topic: String,
    },
    /// A program was given addresses of brokers that do not run, and of no other; nobody answered it.
    OnlyDeadAddresses {},
    /// A program was given several addresses, the first of a broker that did not run, and was answered.
    ConnectedPastDeadAddress {},
}

impl AddressPredicate {
    pub(super) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            AddressPredicate::AskedEachBroker {} => {
                let asked: BTreeSet<u16> = facts.alone().map(|(port, _)| port).collect();
                let ports = facts.view.brokers.iter().map(|b| b.port).filter(|port| !asked.contains(port));
                let left: Vec<String> = ports.map(|port| format!("localhost:{port}")).collect();
                done_if(left.is_empty(), || format!("Nobody was answered by {} yet.", left.join(", ")))
            }
            AddressPredicate::ReadThroughAnotherBroker { topic } => {
                let other = |(port, command): (u16, &Command)| {
                    let broker = |id: &i32| facts.view.brokers.iter().any(|b| b.id == *id && b.port != port);
                    let read = facts.activity.reads().iter().any(|r| r.pid == command.pid && r.topic == *topic);
                    read && facts.activity.dealings().answered(command.pid).any(|id| broker(&id))
                };
                done_if(facts.alone().any(other), || {
                    format!("No consumer has read {topic} from another broker than the one it was told of.")
                })
            }
            AddressPredicate::OnlyDeadAddresses {} => {
                let dead = |c: &Command| !ports(c).is_empty() && ports(c).iter().all(|port| c.down.contains(port));
                let tried = facts.activity.commands().iter().any(|c| dead(c) && !facts.was_answered(c));
                done_if(tried, || "Nobody has tried the address of a dead broker alone.".to_owned())
            }
            AddressPredicate::ConnectedPastDeadAddress {} => {
                let past =
                    |c: &Command| ports(c).len() > 1 && ports(c).first().is_some_and(|port| c.down.contains(port));
                let connected = facts.activity.commands().iter().any(|c| past(c) && facts.was_answered(c));
                done_if(connected, || "No list of addresses that begins with a dead broker's was used.".to_owned())
            }
        }
    }
}

/// The ports that a command line names as bootstrap servers.
fn ports(command: &Command) -> Vec<u16> {
    let mut words = command.line.split_whitespace();
    let list = words.find_map(|word| match word.strip_prefix("--bootstrap-server") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix('=').map(Some),
        None => None,
    });
    let list = match list {
        Some(Some(list)) => list,
        Some(None) => words.next().unwrap_or_default(),
        None => "",
    };
    list.split(',')
        .filter_map(|address| address.rsplit_once(':')?.1.trim_end_matches(['"', '\'']).parse().ok())
        .collect()
}

impl Facts<'_> {
    fn was_answered(&self, command: &Command) -> bool {
        self.activity.dealings().answered(command.pid).next().is_some()
    }

    /// Commands that were given one address and were answered.
    fn alone(&self) -> impl Iterator<Item = (u16, &Command)> {
        self.activity.commands().iter().filter_map(|command| match ports(command)[..] {
            [port] if self.was_answered(command) => Some((port, command)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::predicate::table::{Row, check};

    #[test]
    fn table() {
        let steps = [
            "[1] kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment 2",
            "[1] echo one | kafka-console-producer.sh --bootstrap-server=localhost:9093 --topic t",
            "[1] kafka-console-consumer.sh --bootstrap-server localhost:9094 --topic t --from-beginning --max-messages 1",
            "@ kill 1",
            "[1] kafka-topics.sh --bootstrap-server localhost:9092,localhost:9093 --list",
            "[2] kafka-topics.sh --bootstrap-server localhost:9092 --list",
        ];
        let row = |when, before, after| Row { when, before, after };
        check(
            &steps,
            &[
                row(
                    "{ asked_each_broker = {} }",
                    "Nobody was answered by localhost:9092, localhost:9093, localhost:9094 yet.",
                    "done",
                ),
                row(
                    r#"{ read_through_another_broker = { topic = "t" } }"#,
                    "No consumer has read t from another broker than the one it was told of.",
                    "done",
                ),
                row("{ only_dead_addresses = {} }", "Nobody has tried the address of a dead broker alone.", "done"),
                row(
                    "{ connected_past_dead_address = {} }",
                    "No list of addresses that begins with a dead broker's was used.",
                    "done",
                ),
            ],
        );
    }
}
