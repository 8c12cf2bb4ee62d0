//! The words that Tab completes. Serves completion and the tappable words on small screens; invariant: words come from the
//! fixed lists below and from the last view, never from guesses.

use super::density::is_internal;
use ottla_lab::protocol::LabView;

/// Kafka's tools and the small commands, by name.
const COMMANDS: &[&str] = &[
    "cat",
    "clear",
    "curl",
    "cut",
    "date",
    "echo",
    "exit",
    "fg",
    "grep",
    "head",
    "help",
    "history",
    "jobs",
    "jps",
    "kafka-acls.sh",
    "kafka-cluster.sh",
    "kafka-configs.sh",
    "kafka-console-consumer.sh",
    "kafka-console-producer.sh",
    "kafka-consumer-groups.sh",
    "kafka-consumer-perf-test.sh",
    "kafka-delete-records.sh",
    "kafka-dump-log.sh",
    "kafka-features.sh",
    "kafka-get-offsets.sh",
    "kafka-groups.sh",
    "kafka-leader-election.sh",
    "kafka-log-dirs.sh",
    "kafka-metadata-quorum.sh",
    "kafka-producer-perf-test.sh",
    "kafka-reassign-partitions.sh",
    "kafka-server-start.sh",
    "kafka-server-stop.sh",
    "kafka-storage.sh",
    "kafka-topics.sh",
    "kafka-transactions.sh",
    "kcat",
    "kill",
    "ls",
    "man",
    "ps",
    "rm",
    "seq",
    "sleep",
    "sort",
    "tail",
    "tr",
    "uniq",
    "watch",
    "wc",
];

/// Options that many of Kafka's tools share.
const OPTIONS: &[&str] = &[
    "--add-config",
    "--alter",
    "--bootstrap-controller",
    "--bootstrap-server",
    "--command-config",
    "--config",
    "--create",
    "--delete",
    "--delete-config",
    "--describe",
    "--entity-name",
    "--entity-type",
    "--execute",
    "--from-beginning",
    "--group",
    "--help",
    "--if-exists",
    "--if-not-exists",
    "--list",
    "--max-messages",
    "--members",
    "--offset",
    "--partition",
    "--partitions",
    "--property",
    "--replication-factor",
    "--reset-offsets",
    "--state",
    "--timeout-ms",
    "--to-earliest",
    "--to-latest",
    "--topic",
    "--unavailable-partitions",
    "--under-replicated-partitions",
    "--verbose",
    "--version",
];

/// Words of this lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Its topics.
    pub topics: Vec<String>,
    /// Its consumer groups.
    pub groups: Vec<String>,
    /// Its brokers, as `localhost:9092`.
    pub servers: Vec<String>,
}

impl Vocabulary {
    /// The words of a view.
    pub fn of(view: &LabView) -> Self {
        Self {
            topics: view.topics.iter().map(|topic| topic.name.clone()).collect(),
            groups: view.groups.iter().map(|group| group.id.clone()).collect(),
            servers: view.brokers.iter().map(|broker| format!("localhost:{}", broker.port)).collect(),
        }
    }

    /// The words that may stand after `before` (the line up to the word), in order.
    pub fn candidates(&self, before: &str) -> Vec<&str> {
        let mut words = before.split_whitespace().rev();
        let command_place = before.trim_end().is_empty() || before.trim_end().ends_with(['|', ';', '&']);
        match words.next() {
            _ if command_place => COMMANDS.to_vec(),
            Some("--topic" | "-t") => names(&self.topics),
            Some("--group" | "-G") => names(&self.groups),
            Some("--bootstrap-server" | "-b") => names(&self.servers),
            _ => {
                let more = names(&self.topics).into_iter().filter(|topic| !is_internal(topic));
                OPTIONS.iter().copied().chain(more).chain(names(&self.groups)).chain(names(&self.servers)).collect()
            }
        }
    }

    /// Words to tap on a small screen, given the line so far.
    pub fn to_tap(&self, line: &str) -> Vec<&str> {
        let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, word) = line.split_at(start.min(line.len()));
        let mut found: Vec<_> = self.candidates(before);
        found.retain(|candidate| candidate.starts_with(word) && *candidate != word);
        if line.is_empty() {
            found.retain(|candidate| FIRST_TAPS.contains(candidate));
        }
        found.truncate(12);
        found
    }
}

/// What an empty line offers.
const FIRST_TAPS: &[&str] = &[
    "help",
    "kafka-console-consumer.sh",
    "kafka-console-producer.sh",
    "kafka-consumer-groups.sh",
    "kafka-topics.sh",
    "ls",
];

fn names(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Vocabulary {
        Vocabulary {
            topics: vec!["__consumer_offsets".into(), "orders".into()],
            groups: vec!["billing".into()],
            servers: vec!["localhost:9092".into()],
        }
    }

    #[test]
    fn the_place_decides() {
        let words = words();
        assert!(words.candidates("").contains(&"kafka-topics.sh") && words.candidates("ls | ").contains(&"wc"));
        assert_eq!(words.candidates("kafka-topics.sh --topic "), ["__consumer_offsets", "orders"]);
        assert_eq!(words.candidates("x --group "), ["billing"]);
        assert_eq!(words.candidates("x --bootstrap-server "), ["localhost:9092"]);
        assert!(
            words.candidates("x ").contains(&"--describe") && !words.candidates("x ").contains(&"__consumer_offsets")
        );
        assert!(COMMANDS.is_sorted() && OPTIONS.is_sorted());
    }

    #[test]
    fn words_to_tap() {
        let words = words();
        assert_eq!(words.to_tap("").len(), FIRST_TAPS.len());
        assert_eq!(words.to_tap("kafka-topics.sh --li"), ["--list"]);
        assert!(words.to_tap("kafka-topics.sh --list").is_empty());
    }
}
