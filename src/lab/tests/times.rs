//! How long things take on the virtual clock, as a table: what the settings say, within a tenth (`kafka-semantics.md` section
//! 3, `observed/failures.md` Durations). Serves everybody who tells a learner to wait.
//!
//! What was measured on real machines with the start of a process in it is taken without that start.

use ottla_lab::{
    Lab, LabConfig,
    protocol::{LabInput, LabView, NodeAction},
};

/// The topic's partitions: one led by each broker.
const PARTITIONS: [&str; 3] = ["1:2:3", "2:3:1", "3:1:2"];
const STEP_MS: u64 = 10;
/// What a node's process takes to start, in milliseconds.
const JVM_MS: u64 = 1000;

/// What is waited for, of broker 2.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// It leads nothing and is in no ISR.
    Out,
    /// It is in all ISRs.
    Back,
    /// Its process has ended.
    Ended,
    /// It is in no ISR of a partition that another leads.
    Lagging,
}

impl Until {
    fn holds(self, lab: &Lab, view: &LabView) -> bool {
        let mut partitions = view.topics.iter().filter(|t| t.name == "t").flat_map(|t| &t.partitions);
        match self {
            Until::Out => partitions.all(|p| p.leader.is_some_and(|id| id != 2) && !p.isr.contains(&2)),
            Until::Back => partitions.all(|p| p.isr.contains(&2)),
            Until::Ended => !lab.node_is_alive(2),
            Until::Lagging => partitions.all(|p| p.leader == Some(2) || !p.isr.contains(&2)),
        }
    }
}

/// One row: settings beside the defaults, what is done to broker 2 before, what is done then, what is waited for, and how
/// many milliseconds that takes by the settings, at least and at most.
struct Row {
    what: &'static str,
    settings: &'static [(&'static str, &'static str)],
    before: &'static [NodeAction],
    then: NodeAction,
    until: Until,
    takes_ms: (u64, u64),
}

fn lab(settings: &[(&str, &str)]) -> Lab {
    let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let mut lab = Lab::new(LabConfig { controllers: 1, settings, ..LabConfig::default() }).unwrap();
    assert!(lab.settle());
    let create = format!(
        "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic t --replica-assignment {}",
        PARTITIONS.join(",")
    );
    lab.spawn_script(&create, None);
    lab.run_for_ms(5000);
    // Somebody writes the whole time, so that who stops fetching falls behind.
    let write = "for i in $(seq 1000); do echo $i:x; sleep 0.2; done | kafka-console-producer.sh --topic t \
                 --request-required-acks 1 --bootstrap-server localhost:9092 \
                 --property parse.key=true --property key.separator=:";
    lab.spawn_script(write, None);
    lab.run_for_ms(3000);
    lab
}

/// Milliseconds from `action` until it shows, when that is done `phase_ms` after the clock's last even second.
fn takes(row: &Row, phase_ms: u64) -> u64 {
    let mut lab = lab(row.settings);
    for action in row.before {
        lab.apply(&LabInput::Node { node: 2, action: *action });
        lab.run_for_ms(20_000);
    }
    lab.run_for_ms(phase_ms);
    lab.apply(&LabInput::Node { node: 2, action: row.then });
    let from = lab.now();
    let limit_ms = row.takes_ms.1 * 3 + 5000;
    while !row.until.holds(&lab, &lab.view()) {
        let passed_ms = lab.now().millis_since(from);
        assert!(passed_ms < limit_ms, "{}: not within {limit_ms} ms", row.what);
        lab.run_for_ms(STEP_MS);
    }
    lab.now().millis_since(from)
}

#[test]
fn what_happens_takes_its_time() {
    let patient = &[("broker.session.timeout.ms", "600000")];
    let quick = &[("broker.session.timeout.ms", "600000"), ("replica.lag.time.max.ms", "6000")];
    let slow_session = &[("broker.session.timeout.ms", "18000"), ("broker.heartbeat.interval.ms", "3000")];
    let row = |what, settings, before, then, until, takes_ms| Row { what, settings, before, then, until, takes_ms };
    use NodeAction::{Kill, Pause, Resume, Start, Stop};
    let rows = [
        row("kill -9, session 9 s, heartbeats each 2 s", &[], &[], Kill, Until::Out, (7000, 9000)),
        row("kill -9, session 18 s, heartbeats each 3 s", slow_session, &[], Kill, Until::Out, (15_000, 18_000)),
        row("pause, session 9 s", &[], &[], Pause, Until::Out, (7000, 9000)),
        row("stop: its leaderships are gone", &[], &[], Stop, Until::Out, (0, 250)),
        row("stop: it has ended", &[], &[], Stop, Until::Ended, (0, 2700)),
        row(
            "pause: ISRs shrink by a lag of 30 s, looked at each 15 s",
            patient,
            &[],
            Pause,
            Until::Lagging,
            (30_000, 45_000),
        ),
        row("pause: ISRs shrink by a lag of 6 s, looked at each 3 s", quick, &[], Pause, Until::Lagging, (6000, 9000)),
        row("resume after being fenced", &[], &[Pause], Resume, Until::Back, (0, 600)),
        row("resume after falling behind", quick, &[Pause], Resume, Until::Back, (0, 600)),
        row("start after kill -9", &[], &[Kill], Start, Until::Back, (0, 1100)),
        row("start after a stop", &[], &[Stop], Start, Until::Back, (0, 600)),
    ];
    for row in rows {
        let (least, most) = row.takes_ms;
        let start_ms = if row.then == Start { JVM_MS } else { 0 };
        for phase_ms in [0, 1300] {
            let found = takes(&row, phase_ms);
            let of_it = found.checked_sub(start_ms);
            let fits = of_it.is_some_and(|ms| (least - least / 10..=most + most / 10).contains(&ms));
            assert!(fits, "{}: {found} ms, {start_ms} of them the start; should be {least} to {most}", row.what);
        }
    }
}
