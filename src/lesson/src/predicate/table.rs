//! Table tests of predicates in a real lab: what each says before the steps and after. Serves the predicates' tests;
//! invariant: steps are what a learner could do.

use super::{Predicate, Verdict};
use crate::{Facts, Step};
use ottla_lab::{Lab, LabConfig, protocol::LabInput};
use serde::Deserialize;

/// A predicate, as lesson files write it, and its verdicts: `done`, or what is missing.
pub(super) struct Row {
    pub(super) when: &'static str,
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

#[derive(Deserialize)]
struct When {
    when: Predicate,
}

/// A lab of three brokers and one controller with two terminals.
pub(super) fn lab() -> Lab {
    let mut lab = Lab::new(LabConfig { controllers: 1, ..LabConfig::default() }).unwrap();
    assert!(lab.settle());
    lab.apply(&LabInput::OpenTerminal);
    lab.apply(&LabInput::OpenTerminal);
    lab.run_for_ms(1000);
    lab
}

/// Takes the steps in a lab and compares the verdicts.
pub(super) fn check(steps: &[&str], rows: &[Row]) {
    let mut lab = lab();
    for row in rows {
        assert_eq!(verdict(&lab, row.when), row.before, "before: {}", row.when);
    }
    for step in steps {
        Step::parse(step).unwrap().take(&mut lab);
        lab.run_for_ms(4000);
    }
    for row in rows {
        assert_eq!(verdict(&lab, row.when), row.after, "after: {}", row.when);
    }
}

fn verdict(lab: &Lab, when: &str) -> String {
    let when: When = toml::from_str(&format!("when = {when}")).unwrap();
    match when.when.verdict(&Facts::of(lab)) {
        Verdict::Done => "done".to_owned(),
        Verdict::Missing(text) => text,
    }
}
