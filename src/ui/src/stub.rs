//! Stands for the lesson crate until it is there. Serves the course; invariant: the same names.

/// A piece of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Prose(String),
    Run { terminal: u32, command: String },
    Predict { question: String, answers: Vec<String>, correct: u32, because: String },
    Remember(String),
    Production(String),
}

/// A lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub id: String,
    pub title: String,
    pub minutes: u32,
    pub blocks: Vec<Block>,
}

pub struct Chapter {
    pub title: &'static str,
}

impl Chapter {
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        ["first-records", "partitions", "broker-dies"].into_iter()
    }
}

pub fn course() -> &'static [Chapter] {
    &[Chapter { title: "1 Start" }]
}

impl Lesson {
    pub fn by_id(id: &str) -> Result<Self, String> {
        let blocks = vec![
            Block::Prose("<p>Three brokers and a controller quorum start in this page. They keep logs, elect leaders and copy records to each other, as they would in a data centre; only their network, their clock and their disks are made up.</p><p>You will make a topic, write three lines to it, and read them in another terminal.</p><h3>A topic</h3><p>A <em>topic</em> is a name for <code>logs</code>.</p>".into()),
            Block::Predict {
                question: "Two partitions, three brokers: how many brokers will hold a copy of partition 0 if the replication factor is 3?".into(),
                answers: vec!["One".into(), "Two".into(), "All three".into()],
                correct: 2,
                because: "The replication factor counts copies, the leader's among them.".into(),
            },
            Block::Run { terminal: 0, command: "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic orders --partitions 2 --replication-factor 3".into() },
            Block::Run { terminal: 1, command: "kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic orders --from-beginning".into() },
            Block::Prose("<p>Write three lines. Each line is a record.</p>".into()),
            Block::Remember("A topic is a set of logs; each record has its place in exactly one of them.".into()),
            Block::Production("<p>Since Kafka 2.4 the default is <code>auto.create.topics.enable=true</code>.</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>".into()),
        ];
        let title = match id {
            "first-records" => "A cluster, now",
            "partitions" => "Partitions",
            _ => "A broker dies",
        };
        Ok(Self { id: id.into(), title: title.into(), minutes: 5, blocks })
    }
}
