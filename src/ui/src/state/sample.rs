//! A view for tests: three brokers, one controller quorum, a topic, a consumer.

use super::picture::Picture;
use ottla_lab::protocol::{
    BrokerCard, ClientCard, ClientKind, ControllerCard, Flight, GroupRow, HostFaults, LabView, LinkRow, NodeState,
    PartitionRow, PositionRow, RecordCell, ReplicaStrip, TopicRow,
};

/// The view.
pub fn view() -> LabView {
    LabView {
        now_us: 5_000_000,
        wall_ms: 1_772_355_612_345,
        brokers: (1..=3).map(broker).collect(),
        controllers: (11..=13).map(controller).collect(),
        topics: vec![topic("__consumer_offsets", true), topic("orders", false)],
        clients: vec![ClientCard {
            pid: 40,
            command: "kafka-console-consumer.sh --topic orders".into(),
            kind: ClientKind::Consumer,
            terminal: Some(1),
            group: Some("billing".into()),
            connected_to: vec![1],
            positions: vec![PositionRow { topic: "orders".into(), partition: 0, position: 2 }],
            records: 2,
        }],
        groups: vec![GroupRow {
            id: "billing".into(),
            state: "Stable".into(),
            generation: 1,
            coordinator: 2,
            members: vec![("console-consumer".into(), vec!["orders-0".into()])],
            committed: vec![("orders".into(), 0, 2)],
        }],
        flights: vec![Flight {
            from: 2,
            to: 1,
            api: "Fetch".into(),
            is_response: false,
            sent_us: 4_999_900,
            arrives_us: 5_000_100,
        }],
        links: vec![LinkRow { from: 1, to: 3, cut: true, extra_ms: 0, lossy_percent: 0 }],
        ..LabView::default()
    }
}

/// The view's parts.
pub fn picture() -> Picture {
    let mut picture = Picture::default();
    picture.renew(view());
    picture
}

fn broker(id: i32) -> BrokerCard {
    let cell = |offset| RecordCell { offset, leader_epoch: 0, key: None, value: Some(format!("v{offset}")) };
    let replica = ReplicaStrip {
        topic: "orders".into(),
        partition: 0,
        is_leader: id == 1,
        in_sync: true,
        leader_epoch: 0,
        log_start_offset: 0,
        high_watermark: 2,
        log_end_offset: 3,
        cells: (0..3).map(cell).collect(),
        ..ReplicaStrip::default()
    };
    let port = 9_091 + u16::try_from(id).unwrap();
    BrokerCard {
        id,
        port,
        pid: Some(1),
        state: NodeState::Running,
        faults: HostFaults::default(),
        unfenced: true,
        replicas: vec![replica],
    }
}

fn controller(id: i32) -> ControllerCard {
    ControllerCard {
        id,
        port: 9_181 + u16::try_from(id).unwrap(),
        pid: Some(1),
        state: NodeState::Running,
        faults: HostFaults::default(),
        role: if id == 11 { "Leader" } else { "Follower" }.into(),
        epoch: 1,
        log_end_offset: 20,
        high_watermark: 20,
        voted_for: Some(11),
        followers: Vec::new(),
    }
}

fn topic(name: &str, internal: bool) -> TopicRow {
    let partition = PartitionRow {
        partition: 0,
        leader: Some(1),
        leader_epoch: 0,
        replicas: vec![1, 2, 3],
        isr: vec![1, 2, 3],
        elr: vec![],
    };
    TopicRow { name: name.into(), internal, partitions: vec![partition] }
}
