//! The guarantee ledger in worlds that lose, repeat and reorder records where Kafka allows it: each is counted with its reason.

use ottla_lab::{
    Lab, LabConfig,
    protocol::{LabInput, LedgerEntryKind, LedgerEntryRow, LedgerPartitionRow, LinkAction, NodeAction},
};

const SERVER: &str = "--bootstrap-server localhost:9092";

fn lab(create: &str) -> Lab {
    let mut lab = Lab::new(LabConfig::default()).unwrap();
    lab.settle();
    run(&mut lab, &format!("kafka-topics.sh {SERVER} --create --topic t {create}"));
    lab
}

fn start(lab: &mut Lab, script: &str) -> ottla_lab::Spawned {
    lab.apply(&LabInput::Run { script: script.to_owned(), stdin: None }).unwrap()
}

fn finish(lab: &mut Lab, spawned: &ottla_lab::Spawned) -> String {
    for _ in 0..1200 {
        if lab.exit_code(spawned).is_some() {
            break;
        }
        lab.run_for_ms(100);
    }
    let (out, err) = lab.take_output(spawned);
    out + &err
}

fn run(lab: &mut Lab, script: &str) -> String {
    let spawned = start(lab, script);
    finish(lab, &spawned)
}

fn produce(lab: &mut Lab, lines: &str, options: &str) {
    run(lab, &format!("{lines} | kafka-console-producer.sh {SERVER} --topic t {options}"));
}

fn fault(lab: &mut Lab, words: &str) {
    let said = run(lab, &format!("fault {words}"));
    assert!(!said.starts_with("fault:"), "{said}");
}

fn row(lab: &Lab) -> LedgerPartitionRow {
    lab.view().ledger.partitions[0].clone()
}

fn entries(lab: &Lab, kind: LedgerEntryKind) -> Vec<LedgerEntryRow> {
    lab.view().ledger.entries.into_iter().filter(|entry| entry.kind == kind).collect()
}

#[test]
fn acknowledged_durable_and_readable_go_up_one_after_the_other() {
    let mut lab = lab("--replica-assignment 2:3:1 --config min.insync.replicas=2");
    produce(&mut lab, "seq 5", "");
    let all = row(&lab);
    assert_eq!((all.by_all, all.by_leader, all.durable, all.readable, all.lost), (5, 0, 5, 5, 0));
    // Cut off from its followers the leader answers acks=1 alone.
    for follower in [1, 3] {
        fault(&mut lab, &format!("link 2 {follower} cut"));
    }
    produce(&mut lab, "seq 3", "--request-required-acks 1");
    produce(&mut lab, "seq 4", "--request-required-acks 0");
    let alone = row(&lab);
    assert_eq!((alone.by_leader, alone.by_all, alone.unconfirmed), (3, 5, 4));
    assert_eq!((alone.durable, alone.readable), (5, 5));
    fault(&mut lab, "heal");
    lab.run_for_ms(10_000);
    assert_eq!((row(&lab).durable, row(&lab).readable), (8, 8));
}

#[test]
fn a_killed_leader_takes_with_it_what_it_alone_acknowledged() {
    let mut lab = lab("--replica-assignment 2:3:1");
    produce(&mut lab, "seq 5", "");
    for follower in [1, 3] {
        fault(&mut lab, &format!("link 2 {follower} cut"));
    }
    produce(&mut lab, "seq 3", "--request-required-acks 1");
    fault(&mut lab, "kill leader t 0");
    lab.run_for_ms(15_000);
    let now = row(&lab);
    assert_eq!((now.lost, now.readable), (3, 5));
    assert_eq!(lab.ledger().lost_in("t"), 3);
    let [entry] = &entries(&lab, LedgerEntryKind::Lost)[..] else { panic!("one entry") };
    assert_eq!((entry.first_offset, entry.records, entry.found_again), (5, 3, false));
    assert!(entry.reason.starts_with("acks=1: "), "{}", entry.reason);
    let texts: Vec<&str> = entry.events.iter().map(|event| event.text.as_str()).collect();
    let wanted = [
        "asked broker 2 to write 3 records",
        "acknowledged at offset 5 (acks=1)",
        "node 2 killed",
        "its log ends at 5",
    ];
    let mut found = texts.iter();
    for piece in wanted {
        assert!(found.any(|text| text.contains(piece)), "{piece} in {texts:?}");
    }
    // The events of the cluster name their lines in the event log.
    let lines = lab.take_events();
    for event in entry.events.iter().filter(|event| event.line.is_some()) {
        let line = &lines[event.line.unwrap() as usize];
        assert_eq!((line.at_us, line.id), (event.at_us, event.line.unwrap()));
        assert!(event.text.starts_with(&line.text));
    }
    assert_eq!(Lab::replay(&lab.journal()).unwrap().view().ledger, lab.view().ledger);
}

#[test]
fn an_unclean_election_is_named_and_a_clean_one_loses_nothing() {
    let mut lab = lab("--replica-assignment 2:3 --config unclean.leader.election.enable=true");
    produce(&mut lab, "seq 5", "");
    fault(&mut lab, "kill leader t 0");
    lab.run_for_ms(15_000);
    assert_eq!((row(&lab).lost, row(&lab).readable), (0, 5));
    // Broker 3 leads alone now and takes more, with acks=all; then the one that was not in sync is all there is.
    produce(&mut lab, "seq 4", "");
    assert_eq!(row(&lab).by_all, 9);
    fault(&mut lab, "kill 3");
    lab.run_for_ms(15_000);
    fault(&mut lab, "start 2");
    lab.run_for_ms(30_000);
    let now = row(&lab);
    assert_eq!((now.lost, now.readable, now.has_leader), (4, 5, true));
    let [entry] = &entries(&lab, LedgerEntryKind::Lost)[..] else { panic!("one entry") };
    assert!(entry.reason.starts_with("unclean election: broker 2"), "{}", entry.reason);
}

#[test]
fn a_retry_without_idempotence_duplicates() {
    for (idempotence, duplicated) in [(false, 1), (true, 0)] {
        let mut lab = lab("--replica-assignment 2:3:1");
        let options = format!(
            "--command-property enable.idempotence={idempotence} --command-property request.timeout.ms=2000 \
             --command-property delivery.timeout.ms=60000"
        );
        let script =
            format!("(echo a; sleep 5; echo b; sleep 20) | kafka-console-producer.sh {SERVER} --topic t {options}");
        let producer = start(&mut lab, &script);
        lab.run_for_ms(5000);
        lab.apply(&LabInput::Link { from: 2, to: 0, action: LinkAction::Cut });
        lab.run_for_ms(4000);
        lab.apply(&LabInput::HealAll);
        finish(&mut lab, &producer);
        let now = row(&lab);
        assert_eq!((now.by_all, now.duplicated, now.lost), (2, duplicated, 0), "idempotence {idempotence}");
        assert_eq!(entries(&lab, LedgerEntryKind::Duplicated).len() as u64, duplicated);
        let end = lab.view().brokers[1].replicas.iter().find(|r| r.topic == "t").unwrap().log_end_offset;
        assert_eq!(end as u64, 2 + duplicated);
    }
}

#[test]
fn retries_with_several_requests_in_flight_change_the_order() {
    let mut lab = lab("--replica-assignment 2:3 --config min.insync.replicas=2");
    let options = "--command-property enable.idempotence=false --message-send-max-retries 100";
    let script = format!(
        "for i in $(seq 60); do echo $i; sleep 0.2; done | kafka-console-producer.sh {SERVER} --topic t {options}"
    );
    lab.apply(&LabInput::Node { node: 3, action: NodeAction::Kill });
    lab.run_for_ms(12_000);
    let producer = start(&mut lab, &script);
    lab.apply(&LabInput::Link { from: 0, to: 2, action: LinkAction::Slow(1000) });
    lab.run_for_ms(9000);
    lab.apply(&LabInput::Node { node: 3, action: NodeAction::Start });
    finish(&mut lab, &producer);
    let now = row(&lab);
    assert_eq!((now.by_all, now.lost, now.duplicated), (60, 0, 0));
    assert!(now.out_of_order > 0, "{now:?}");
    let entry = &entries(&lab, LedgerEntryKind::OutOfOrder)[0];
    assert!(entry.events.last().unwrap().text.contains("stands before it"), "{entry:?}");
}
