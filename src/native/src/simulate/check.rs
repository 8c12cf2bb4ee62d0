//! A journal run again, watched. Serves `ottla replay` and the shrinking of failures; invariant: the same journal gives the same
//! verdict.

use super::{broken::Broken, look, rest, stage::Stage, verdict};
use ottla_lab::{
    Lab, LabJournal,
    protocol::{LabInput, NodeState},
};
use ottla_world::Time;

/// How long a journal's world may take to come to rest after its last input, in milliseconds.
const REST_LIMIT_MS: u64 = 20_000;

/// What is broken in a journal's run, and when that was seen.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) at: Time,
    pub(crate) broken: Broken,
}

/// Runs a journal and, if all faults have ended by then, on until everything is at rest.
///
/// # Errors
/// A journal that can't be run, as text.
pub(crate) fn check(journal: &LabJournal) -> Result<Option<Found>, String> {
    let start = LabJournal { header: journal.header.clone(), entries: Vec::new() };
    let mut lab = Lab::replay(&start).map_err(|error| error.to_string())?;
    lab.be_quiet();
    let mut stage = Stage::new(lab, None);
    let outcome = run(&mut stage, journal);
    Ok(outcome.err().map(|broken| Found { at: stage.lab.now(), broken }))
}

fn run(stage: &mut Stage<'_>, journal: &LabJournal) -> Result<(), Broken> {
    // A mark at the end only says how long the run was.
    for entry in journal.entries.iter().filter(|entry| entry.input != LabInput::Mark) {
        stage.advance(entry.at)?;
        stage.apply(entry.input.clone())?;
    }
    let loaded = !stage.watch.clients().producers.is_empty() || !stage.watch.clients().consumers.is_empty();
    if !loaded || !is_healed(&stage.lab) {
        return Ok(());
    }
    rest::come_to_rest(stage, REST_LIMIT_MS)?;
    verdict::judge(stage).map(|_| ())
}

/// Every node runs, no link and no disk is ill.
fn is_healed(lab: &Lab) -> bool {
    let world = lab.world();
    let runs = |id: &i32| lab.cluster().state(world, *id) == NodeState::Running;
    let well = |id: &i32| {
        lab.cluster().host(*id).is_some_and(|host| {
            let disk = world.disk(host);
            !disk.is_failing() && disk.capacity().is_none()
        })
    };
    look::nodes(lab).iter().all(|id| runs(id) && well(id)) && world.links().all(|(.., link)| !link.cut)
}
