//! Tests of the engine as the page uses it, without a page.

use super::*;

fn texts(messages: &[FromEngine]) -> String {
    let of = |m: &FromEngine| match m {
        FromEngine::Terminal(chunks) => chunks.iter().map(|c| c.text.clone()).collect(),
        _ => String::new(),
    };
    messages.iter().map(of).collect()
}

fn run(engine: &mut Engine, line: &str, ms: u64) -> String {
    let input = LabInput::Type { terminal: 0, text: line.to_owned() };
    let mut text = texts(&engine.handle(&ToEngine::Input(input)));
    for _ in 0..ms / 100 {
        text.push_str(&texts(&engine.tick(100_000)));
    }
    text
}

/// Plays the part of the store.
fn keep(engine: &mut Engine, disks: &mut ottla_lab::DiskFiles, meta: &mut Option<String>) {
    for op in engine.take_ops() {
        match op {
            StoreOp::DropLab => disks.clear(),
            StoreOp::Extent { host, path, index, data, len } => {
                let change = ottla_world::DiskChange::Extent { path, index, data, len };
                change.apply(disks.entry(host).or_default());
            }
            StoreOp::Removed { host, path } => {
                disks.entry(host).or_default().remove(&path);
            }
            StoreOp::Put { value, .. } => *meta = Some(value),
            _ => {}
        }
    }
}

#[test]
fn records_survive_a_reload_of_the_page() {
    let (mut disks, mut meta) = (ottla_lab::DiskFiles::new(), None);
    let mut engine = Engine::open(None, None).unwrap();
    run(
        &mut engine,
        "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replication-factor 3",
        3000,
    );
    run(&mut engine, "seq 3 | kafka-console-producer.sh --bootstrap-server localhost:9092 --topic t", 5000);
    keep(&mut engine, &mut disks, &mut meta);
    let kept = Kept { meta: serde_json::from_str(&meta.unwrap()).unwrap(), disks };
    let mut engine = Engine::open(None, Some(&kept)).unwrap();
    let read =
        "kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic t --from-beginning --max-messages 3";
    let text = run(&mut engine, read, 15_000);
    assert!(text.contains("1\n2\n3\n") && text.contains("Processed a total of 3 messages"), "{text}");
}

#[test]
fn paused_time_stands_and_a_step_is_one_event() {
    let mut engine = Engine::open(None, None).unwrap();
    engine.handle(&ToEngine::Pause);
    let before = engine.lab().now();
    engine.tick(1_000_000);
    assert_eq!(engine.lab().now(), before);
    engine.handle(&ToEngine::Step { interesting: false });
    assert!(engine.lab().now() > before || engine.lab().next_event_at().is_some());
}

#[test]
fn a_recorded_run_plays_at_its_own_times_until_the_person_does_something() {
    let mut engine = Engine::open(None, None).unwrap();
    run(&mut engine, "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t", 3000);
    run(&mut engine, "fault kill 2", 2000);
    let text = engine.lab().journal().to_text();
    let mut again = Engine::open_run(&text).unwrap();
    assert!(again.greeting().iter().any(|m| matches!(m, FromEngine::Opened { terminals: 2, .. })));
    again.handle(&ToEngine::Play);
    let until = engine.lab().now();
    while again.lab().now() < until {
        let left = until.since(again.lab().now());
        again.tick(left.min(100_000));
    }
    assert_eq!(again.lab().state_hash(), engine.lab().state_hash());
    assert!(again.take_ops().is_empty(), "a recorded run is not kept");

    let mut other = Engine::open_run(&text).unwrap();
    other.handle(&ToEngine::Step { interesting: true });
    other.handle(&ToEngine::Input(LabInput::Mark));
    other.handle(&ToEngine::Play);
    (0..200).for_each(|_| drop(other.tick(100_000)));
    assert!(other.lab().view().topics.iter().all(|topic| topic.name != "t"), "the rest of the recording is left out");
}

#[test]
fn a_file_that_is_no_run_is_refused_with_a_reason() {
    let header = r#"{"engine":"0.0.0","seed":1,"start_ms":0,"lab":{}}"#;
    for (text, reason) in [("", "empty"), ("{}", "line 1"), ("no json", "line 1"), (header, "made by engine 0.0.0")] {
        let error = Engine::open_run(text).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}
