//! The proof of a lesson: its text is in order, it starts unsolved, its solution wins, its wrong ways lose, every hint can
//! be had, and every command in its prose runs.
//! Serves `ottla lesson check`; invariant: it does only what a learner could do.

use crate::{Block, Lesson, Session, Step, lint::lint};
use ottla_lab::{Lab, protocol::LabInput};
use std::collections::BTreeSet;

/// Something that is wrong with a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

/// Virtual time after each step, in milliseconds: a learner looks before going on.
const LOOK_MS: u64 = 4000;
/// How long a solution may take to take effect after its last step, in milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// Opens the lesson's lab with two terminals, its setup done.
///
/// # Errors
/// The lab can't be made, or a setup script fails.
pub(crate) fn open(lesson: &Lesson) -> Result<Lab, Finding> {
    let mut lab = Lab::new(lesson.lab_config()).map_err(|e| Finding(e.to_string()))?;
    if !lab.settle() {
        return Err(Finding("the cluster does not come up".into()));
    }
    for script in &lesson.setup {
        let code = run(&mut lab, script);
        if code != Some(0) {
            return Err(Finding(format!("setup fails with {code:?}: {script}")));
        }
    }
    lab.apply(&LabInput::OpenTerminal);
    lab.apply(&LabInput::OpenTerminal);
    lab.run_for_ms(1000);
    Ok(lab)
}

fn run(lab: &mut Lab, script: &str) -> Option<u8> {
    let spawned = lab.apply(&LabInput::Run { script: script.to_owned(), stdin: None })?;
    let limit = lab.now().plus_millis(60_000);
    while lab.exit_code(&spawned).is_none() && lab.step(limit) {}
    lab.exit_code(&spawned)
}

/// Everything that is wrong with the lesson; nothing if it holds.
pub fn check(lesson: &Lesson) -> Vec<Finding> {
    let mut findings = lint(lesson);
    let lab = match open(lesson) {
        Ok(lab) => lab,
        Err(finding) => {
            findings.push(finding);
            return findings;
        }
    };
    findings.extend(start(lesson, &lab));
    if let Err(missing) = play(lesson, lab.clone(), &lesson.solution) {
        findings.push(Finding(format!("its solution does not win: {missing}")));
    }
    for (name, steps) in &lesson.wrong {
        if play(lesson, lab.clone(), steps).is_ok() {
            findings.push(Finding(format!("the wrong way {name:?} wins")));
        }
    }
    findings.extend(prose(lesson, lab));
    findings
}

/// Nothing is reached and nothing said before the learner does anything; three hints can be had of each goal.
fn start(lesson: &Lesson, lab: &Lab) -> Vec<Finding> {
    let mut session = Session::new(lesson.clone(), BTreeSet::new());
    let (goals, said) = session.look(lab);
    let mut findings = Vec::new();
    if !goals.iter().any(|goal| !goal.done) {
        findings.push(Finding("it is solved before it begins".into()));
    }
    findings.extend(said.into_iter().map(|words| Finding(format!("said before anything was done: {words}"))));
    for goal in &lesson.goals {
        (0..3).for_each(|_| session.hint(&goal.id));
    }
    let stuck = session.look(lab).0.into_iter().filter(|goal| goal.more_hints > 0 || goal.hints.len() != 3);
    findings.extend(stuck.map(|goal| Finding(format!("not every hint of {} can be had", goal.id))));
    findings
}

/// Plays steps; what is missing if they do not win.
fn play(lesson: &Lesson, mut lab: Lab, steps: &[Step]) -> Result<(), String> {
    let mut session = Session::new(lesson.clone(), BTreeSet::new());
    for step in steps {
        take(&mut lab, step);
        session.look(&lab);
    }
    let limit = lab.now().plus_millis(PATIENCE_MS);
    loop {
        let (goals, _) = session.look(&lab);
        if session.is_won() {
            return Ok(());
        }
        if lab.now() >= limit {
            let missing = goals.iter().filter(|g| !g.done).map(|g| format!("{}: {}", g.id, g.missing));
            return Err(missing.collect::<Vec<_>>().join("; "));
        }
        lab.run_for_ms(1000);
    }
}

fn take(lab: &mut Lab, step: &Step) {
    step.take(lab);
    lab.run_for_ms(LOOK_MS);
}

/// Clicks every command of the prose in order: none may be unknown to the shell or refused by its tool.
fn prose(lesson: &Lesson, mut lab: Lab) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &lesson.blocks {
        let Block::Run { terminal, command } = block else { continue };
        // Whoever goes on to the next command ends what still runs in that terminal.
        Step::Interrupt(*terminal).take(&mut lab);
        lab.run_for_ms(500);
        lab.take_chunks();
        for line in command.lines() {
            take(&mut lab, &Step::Type(*terminal, line.to_owned()));
        }
        let text: String = lab.take_chunks().into_iter().filter(|c| c.terminal == *terminal).map(|c| c.text).collect();
        let bad = [
            "command not found",
            "syntax error",
            "No such file or directory",
            "is not a recognized option",
            "Missing required argument",
        ];
        if let Some(line) = text.lines().find(|line| bad.iter().any(|b| line.contains(b))) {
            findings.push(Finding(format!("in the prose, {command:?} fails: {line}")));
        }
    }
    findings
}
