//! A run is data: a journal replays to the same state, here and in the browser.
//!
//! `tests/journals/first-lab.journal` is a run and `first-lab.hash` its state hash; `tests/browser` replays the same file in
//! Chromium. `UPDATE=1 cargo test --test replay` writes both anew after the engine changed.
#![cfg(not(target_arch = "wasm32"))]

use ottla_lab::{
    Lab, LabConfig, LabJournal,
    protocol::{LabInput, NodeAction},
};
use std::{fs, path::PathBuf};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/journals").join(name)
}

/// Topic, records, a dead leader, more records, a power cut, a return.
fn run() -> Lab {
    let mut lab = Lab::new(LabConfig { seed: 7, ..LabConfig::default() }).unwrap();
    lab.settle();
    let server = "--bootstrap-server localhost:9092,localhost:9094";
    let typed = |terminal, text: String| LabInput::Type { terminal, text };
    let node = |node, action| LabInput::Node { node, action };
    let steps = [
        (0, LabInput::OpenTerminal),
        (0, LabInput::OpenTerminal),
        (2000, typed(0, format!("kafka-topics.sh {server} --create --topic t --replica-assignment 2:3:1"))),
        (1000, typed(0, format!("kafka-console-producer.sh {server} --topic t"))),
        (1500, typed(0, "one".into())),
        (1500, typed(1, format!("kafka-console-consumer.sh {server} --topic t --from-beginning --group g"))),
        (500, node(2, NodeAction::Kill)),
        (2000, typed(0, "two".into())),
        (12_000, node(1, NodeAction::PowerCut)),
        (3000, node(1, NodeAction::Start)),
        (4000, node(2, NodeAction::Start)),
        (4000, LabInput::Interrupt { terminal: 1 }),
        (2000, LabInput::EndOfInput { terminal: 0 }),
    ];
    for (after_ms, input) in steps {
        lab.run_for_ms(after_ms);
        lab.apply(&input);
    }
    lab.run_for_ms(5000);
    lab
}

#[test]
fn a_replay_ends_in_the_same_state() {
    let lab = run();
    let text = lab.journal().to_text();
    let again = Lab::replay(&LabJournal::parse(&text).unwrap()).unwrap();
    assert_eq!(again.state_hash(), lab.state_hash());
}

#[test]
fn the_kept_journal_ends_in_the_kept_state() {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file("")).unwrap();
        let lab = run();
        fs::write(file("first-lab.journal"), lab.journal().to_text()).unwrap();
        fs::write(file("first-lab.hash"), format!("{:016x}\n", lab.state_hash())).unwrap();
    }
    let journal = LabJournal::parse(&fs::read_to_string(file("first-lab.journal")).unwrap()).unwrap();
    let hash = Lab::replay(&journal).unwrap().state_hash();
    let kept = fs::read_to_string(file("first-lab.hash")).unwrap();
    assert_eq!(format!("{hash:016x}"), kept.trim(), "UPDATE=1 rewrites it after an intended change of the engine");
}
