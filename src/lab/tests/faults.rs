//! What a person breaks has the consequences it has on Kafka: full and failing disks stop their node, clocks that are off
//! show in timestamps, lossy links are slow and lose nothing, and everything can be mended.

use ottla_lab::{
    Lab, LabConfig,
    protocol::{HostFaults, LabInput, LinkAction, NodeAction, NodeState},
};

const SERVER: &str = "--bootstrap-server localhost:9092";

fn lab() -> Lab {
    let mut lab = Lab::new(LabConfig::default()).unwrap();
    lab.settle();
    run(&mut lab, &format!("kafka-topics.sh {SERVER} --create --topic t --replica-assignment 2:3:1"));
    lab
}

fn run(lab: &mut Lab, script: &str) -> String {
    let spawned = lab.apply(&LabInput::Run { script: script.to_owned(), stdin: None }).unwrap();
    for _ in 0..600 {
        lab.run_for_ms(100);
        if lab.exit_code(&spawned).is_some() {
            break;
        }
    }
    let (out, err) = lab.take_output(&spawned);
    out + &err
}

fn node(lab: &mut Lab, node: i32, action: NodeAction) {
    lab.apply(&LabInput::Node { node, action });
}

fn state(lab: &Lab, node: i32) -> NodeState {
    let view = lab.view();
    let brokers = view.brokers.iter().map(|card| (card.id, card.state));
    brokers.chain(view.controllers.iter().map(|card| (card.id, card.state))).find(|(id, _)| *id == node).unwrap().1
}

fn leader(lab: &Lab) -> Option<i32> {
    lab.view().topics.iter().find(|topic| topic.name == "t")?.partitions[0].leader
}

#[test]
fn a_broker_whose_disk_is_full_or_fails_stops_and_another_leads() {
    for action in [NodeAction::FullDisk, NodeAction::FailDisk] {
        let mut lab = lab();
        node(&mut lab, 2, action);
        run(&mut lab, &format!("seq 3 | kafka-console-producer.sh {SERVER} --topic t"));
        lab.run_for_ms(12_000);
        assert_eq!(state(&lab, 2), NodeState::Down, "{action:?}");
        assert!(leader(&lab).is_some_and(|id| id != 2), "{action:?}");
        let said: Vec<String> = lab.take_events().into_iter().map(|event| event.text).collect();
        // Its copy of the metadata log stands on that disk as well: whichever write comes first ends it.
        let reasons = ["Shutdown broker because all log dirs in node-2 have failed", "ERROR Encountered fatal fault"];
        assert!(said.iter().any(|text| reasons.iter().any(|reason| text.starts_with(reason))), "{said:?}");
        // It can't come back before the disk is well.
        node(&mut lab, 2, NodeAction::Start);
        lab.run_for_ms(15_000);
        assert_eq!(state(&lab, 2), NodeState::Down, "{action:?}");
        node(&mut lab, 2, NodeAction::HealDisk);
        node(&mut lab, 2, NodeAction::Start);
        lab.run_for_ms(15_000);
        assert_eq!(state(&lab, 2), NodeState::Running, "{action:?}");
        let strips = lab.view().brokers.into_iter().flat_map(|b| b.replicas).filter(|r| r.topic == "t");
        assert_eq!(strips.map(|r| r.log_end_offset).collect::<Vec<_>>(), [3; 3]);
    }
}

#[test]
fn a_controller_whose_disk_fails_stops_and_another_is_active() {
    let mut lab = Lab::new(LabConfig { controllers: 3, ..LabConfig::default() }).unwrap();
    lab.settle();
    let active = |lab: &Lab| lab.view().controllers.iter().find(|c| c.role == "Leader").map(|c| c.id);
    let first = active(&lab).unwrap();
    node(&mut lab, first, NodeAction::FailDisk);
    lab.run_for_ms(10_000);
    assert_eq!(state(&lab, first), NodeState::Down);
    assert!(active(&lab).is_some_and(|id| id != first));
}

#[test]
fn a_clock_that_is_off_shows_in_append_timestamps() {
    let mut lab = lab();
    run(
        &mut lab,
        &format!("kafka-configs.sh {SERVER} --alter --topic t --add-config message.timestamp.type=LogAppendTime"),
    );
    node(&mut lab, 2, NodeAction::SkewClock(3_600_000));
    let wall_ms = lab.view().wall_ms;
    run(&mut lab, &format!("echo a | kafka-console-producer.sh {SERVER} --topic t"));
    let read = format!(
        "kafka-console-consumer.sh {SERVER} --topic t --from-beginning --max-messages 1 --property print.timestamp=true"
    );
    let out = run(&mut lab, &read);
    let stamp = out.split_once("LogAppendTime:").map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
    let stamp: i64 = stamp.unwrap_or_else(|| panic!("{out}")).parse().unwrap();
    assert!((3_600_000..3_660_000).contains(&(stamp - wall_ms)), "{stamp} {wall_ms}");
}

#[test]
fn lossy_links_lose_no_record() {
    let mut lab = lab();
    for (from, to) in [(0, 2), (2, 0), (2, 3), (3, 2), (1, 2), (2, 1)] {
        lab.apply(&LabInput::Link { from, to, action: LinkAction::Lossy(20) });
    }
    run(&mut lab, &format!("seq 200 | kafka-console-producer.sh {SERVER} --topic t"));
    let view = lab.view();
    assert_eq!((view.ledger.acknowledged, view.ledger.lost), (200, 0));
    assert_eq!(view.links.iter().filter(|link| link.lossy_percent == 20).count(), 6);
}

#[test]
fn everything_can_be_mended_at_once_and_replayed() {
    let mut lab = lab();
    lab.apply(&LabInput::Link { from: 1, to: 2, action: LinkAction::Cut });
    lab.apply(&LabInput::Link { from: 2, to: 1, action: LinkAction::Lossy(10) });
    lab.apply(&LabInput::Link { from: 1, to: 3, action: LinkAction::LoseNext(2) });
    node(&mut lab, 1, NodeAction::SlowDisk(200));
    node(&mut lab, 1, NodeAction::SkewClock(-5000));
    node(&mut lab, 2, NodeAction::PowerCut);
    node(&mut lab, 3, NodeAction::Pause);
    lab.run_for_ms(3000);
    let card = lab.view().brokers[0].clone();
    let wrong = HostFaults { disk_extra_ms: 200, clock_skew_ms: -5000, ..HostFaults::default() };
    assert_eq!(card.faults, wrong);
    lab.apply(&LabInput::HealAll);
    lab.run_for_ms(20_000);
    let view = lab.view();
    assert!(view.links.is_empty());
    assert!(
        view.brokers.iter().all(|b| b.state == NodeState::Running && b.unfenced && b.faults == HostFaults::default())
    );
    assert_eq!(Lab::replay(&lab.journal()).unwrap().state_hash(), lab.state_hash());
}

#[test]
fn stored_forms_of_faults_stay_readable() {
    let stored = [
        (r#"{"node":{"node":2,"action":"kill"}}"#, LabInput::Node { node: 2, action: NodeAction::Kill }),
        (
            r#"{"node":{"node":2,"action":{"slow_disk":200}}}"#,
            LabInput::Node { node: 2, action: NodeAction::SlowDisk(200) },
        ),
        (
            r#"{"node":{"node":2,"action":{"skew_clock":-5}}}"#,
            LabInput::Node { node: 2, action: NodeAction::SkewClock(-5) },
        ),
        (r#"{"link":{"from":1,"to":2,"action":"cut"}}"#, LabInput::Link { from: 1, to: 2, action: LinkAction::Cut }),
        (
            r#"{"link":{"from":1,"to":2,"action":{"slow":300}}}"#,
            LabInput::Link { from: 1, to: 2, action: LinkAction::Slow(300) },
        ),
        (
            r#"{"link":{"from":1,"to":2,"action":{"lossy":20}}}"#,
            LabInput::Link { from: 1, to: 2, action: LinkAction::Lossy(20) },
        ),
        (r#""heal_all""#, LabInput::HealAll),
    ];
    for (text, input) in stored {
        assert_eq!(serde_json::from_str::<LabInput>(text).unwrap(), input);
        assert_eq!(serde_json::to_string(&input).unwrap(), text);
    }
}

#[test]
fn faults_as_a_command() {
    let mut lab = lab();
    assert_eq!(run(&mut lab, "fault list"), "nothing is broken\n");
    assert_eq!(run(&mut lab, "fault kill leader t 0"), "broker 2: killed\n");
    assert_eq!(state(&lab, 2), NodeState::Down);
    assert_eq!(run(&mut lab, "fault kill 2; echo $?"), "1\nfault: broker 2 is down\n");
    let unknown = "fault: there is no node 9. Brokers: 1, 2, 3; controllers: 11, 12, 13\n";
    assert_eq!(run(&mut lab, "fault pause 9"), unknown);
    assert_eq!(run(&mut lab, "fault kill leader u 0"), "fault: there is no topic u. Topics: t\n");
    run(
        &mut lab,
        "fault link 1 3 one-way && fault link clients 3 lossy 20% && fault disk 1 slow 200ms && fault clock 3 -5s",
    );
    let wanted = "\
broker 1                     disk slower by 200 ms
broker 2                     down
broker 3                     clock 5000 ms behind
link clients -> broker 3     loses 20% of segments
link broker 1 -> broker 3    cut
link broker 3 -> clients     loses 20% of segments
";
    assert_eq!(run(&mut lab, "fault list"), wanted);
    assert!(run(&mut lab, "fault --help").starts_with("Usage: fault ACTION"));
    assert_eq!(run(&mut lab, "fault heal | cat"), "everything is mended\n");
    lab.run_for_ms(15_000);
    assert_eq!(run(&mut lab, "fault list"), "nothing is broken\n");
    assert_eq!(Lab::replay(&lab.journal()).unwrap().state_hash(), lab.state_hash());
}

#[test]
fn a_dead_brokers_logs_are_shown_as_they_lie_on_its_disk() {
    let mut lab = lab();
    run(&mut lab, &format!("seq 3 | kafka-console-producer.sh {SERVER} --topic t"));
    lab.run_for_ms(6_000);
    let strip = |lab: &Lab| {
        let card = lab.view().brokers.into_iter().find(|card| card.id == 2).unwrap();
        card.replicas.into_iter().find(|strip| strip.topic == "t").unwrap()
    };
    let before = strip(&lab);
    node(&mut lab, 2, NodeAction::Kill);
    let after = strip(&lab);
    assert!(after.at_rest && !after.is_leader);
    assert_eq!((&after.cells, after.cells.len(), &after.segments), (&before.cells, 3, &before.segments));
    let marks = |s: &ottla_lab::protocol::ReplicaStrip| (s.log_start_offset, s.high_watermark, s.log_end_offset);
    assert_eq!(marks(&after), marks(&before), "the checkpoint is as new as the records");
}
