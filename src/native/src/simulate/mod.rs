//! `ottla simulate`: random clusters under random faults, by the thousand. Serves CI and those who mend the engine;
//! invariant: a run is a function of its seed, so what it finds can be repeated by that number alone.

mod actions;
mod batch;
mod broken;
mod check;
mod class;
mod faults;
mod kinds;
mod knobs;
mod look;
mod replicas;
mod rest;
mod risk;
mod run;
mod shrink;
mod stage;
mod verdict;
mod watch;

pub(crate) use check::check;

use crate::option;
use batch::{Batch, Sum};
use ottla_world::mutation::{self, MUTATIONS, Mutation};
use std::process::ExitCode;

/// The most runs that are tried to make a journal short.
const MOST_TRIES: u64 = 3000;
/// Runs if no number is given.
const RUNS: u64 = 100;

pub fn main(args: &[&str]) -> ExitCode {
    batch::keep_panics();
    match simulate(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("ottla simulate: {reason}");
            ExitCode::from(2)
        }
    }
}

fn simulate(args: &[&str]) -> Result<bool, String> {
    let batch = Batch {
        first: option(args, "--seed")?.unwrap_or(1),
        runs: option(args, "--runs")?.unwrap_or(RUNS),
        minutes: option(args, "--minutes")?,
        verbose: args.contains(&"--verbose"),
        mutation: None,
    };
    let mutations = mutations(args)?;
    if let Some(seed) = option(args, "--shrink")? {
        let out = word(args, "--out")?.ok_or("--shrink wants --out FILE")?;
        mutation::set(mutations.first().map(|(_, mutation)| *mutation));
        return shrink_seed(seed, out);
    }
    if !mutations.is_empty() {
        return Ok(table(batch, &mutations));
    }
    if batch.verbose && batch.runs == 1 {
        println!("{}", knobs::Knobs::draw(batch.first));
    }
    let sum = batch.run();
    report(&sum);
    Ok(sum.failed.is_empty())
}

/// The word after an option, if it is there.
fn word<'a>(args: &[&'a str], name: &str) -> Result<Option<&'a str>, String> {
    let Some(at) = args.iter().position(|a| *a == name) else { return Ok(None) };
    args.get(at + 1).copied().map(Some).ok_or_else(|| format!("{name}: a word is wanted"))
}

/// The wrong rules that `--mutation` names.
///
/// # Errors
/// A name that is none.
pub fn mutations(args: &[&str]) -> Result<Vec<(&'static str, Mutation)>, String> {
    let Some(wanted) = word(args, "--mutation")? else { return Ok(Vec::new()) };
    let found: Vec<_> = MUTATIONS.into_iter().filter(|(name, _)| wanted == "all" || *name == wanted).collect();
    if found.is_empty() {
        let names: Vec<&str> = MUTATIONS.iter().map(|(name, _)| *name).collect();
        return Err(format!("--mutation {wanted}: it is all, {}", names.join(", ")));
    }
    Ok(found)
}

/// Runs with one rule wrong at a time, until something is broken: the table of what saw it, and when.
fn table(batch: Batch, mutations: &[(&str, Mutation)]) -> bool {
    let mut missed = 0;
    println!("| wrong rule | caught by | in run |\n|---|---|---|");
    for (name, mutation) in mutations {
        let sum = Batch { mutation: Some(*mutation), ..batch }.run();
        match sum.failed.first() {
            Some((seed, broken)) => {
                println!("| {name} | {} | {} |", broken.name(), seed.wrapping_sub(batch.first) + 1);
                if batch.verbose {
                    println!("{broken}");
                }
            }
            None => {
                missed += 1;
                println!("| {name} | not seen | more than {} |", sum.passed);
            }
        }
    }
    missed == 0
}

fn shrink_seed(seed: u64, out: &str) -> Result<bool, String> {
    let (outcome, journal) = batch::one(seed, false);
    let (Err(broken), Some(journal)) = (outcome, journal) else {
        return Err(format!("seed {seed} passes, or panics outside of its journal"));
    };
    println!("seed {seed}: {broken}\n  {} inputs, {}", journal.entries.len(), length(&journal));
    let (short, broken) =
        shrink::shrink(&journal, &broken, MOST_TRIES).ok_or("its journal does not break that guarantee")?;
    std::fs::write(out, short.to_text()).map_err(|error| format!("{out}: {error}"))?;
    println!("{out}: {broken}\n  {} inputs, {}", short.entries.len(), length(&short));
    Ok(true)
}

fn length(journal: &ottla_lab::LabJournal) -> String {
    let ms = journal.entries.last().map_or(0, |entry| entry.at.as_millis());
    format!("{ms} ms of virtual time")
}

fn report(sum: &Sum) {
    let all = &sum.all;
    println!(
        "{} s of virtual time, {} events, {} faults; records: {} sent, {} acknowledged, {} written, {} delivered",
        all.virtual_ms / 1000,
        all.events,
        all.faults,
        all.sent,
        all.acknowledged,
        all.written,
        all.delivered,
    );
    println!("slowest to heal: {} ms (seed {}); hash {:016x}", sum.slowest_heal.0, sum.slowest_heal.1, all.hash);
    let runs = sum.passed + sum.failed.len() as u64;
    let per_second = runs * 100_000 / sum.millis.max(1);
    println!(
        "{runs} runs in {}.{} s: {}.{:02} runs a second",
        sum.millis / 1000,
        sum.millis % 1000 / 100,
        per_second / 100,
        per_second % 100
    );
    if !sum.failed.is_empty() {
        let mut kinds: std::collections::BTreeMap<&str, Vec<u64>> = std::collections::BTreeMap::new();
        for (seed, broken) in &sum.failed {
            kinds.entry(broken.name()).or_default().push(*seed);
        }
        for (name, seeds) in kinds {
            println!("failed, {name}: seeds {seeds:?}");
        }
    }
    println!("{} passed, {} failed", sum.passed, sum.failed.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_run_is_a_function_of_its_seed() {
        let run = || batch::one(1, false).0.map_err(|broken| broken.to_string());
        assert_eq!(run(), run());
    }

    #[test]
    fn a_wrong_rule_is_seen_and_shrinks_to_a_journal_that_shows_it() {
        mutation::set(Some(Mutation::AcksAllAfterLeaderAppend));
        let found = (1..50).find_map(|seed| match batch::one(seed, false) {
            (Err(broken), Some(journal)) => Some((broken, journal)),
            _ => None,
        });
        let (broken, journal) = found.expect("one of fifty runs sees it");
        let (short, same) = shrink::shrink(&journal, &broken, 60).expect("the journal shows it");
        assert!(short.entries.len() < journal.entries.len(), "{} inputs", short.entries.len());
        assert_eq!(same.name(), broken.name());
        mutation::set(None);
        assert!(check(&short).unwrap().is_none_or(|found| found.broken.name() != broken.name()));
    }

    #[test]
    fn what_was_once_found_holds() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/violations");
        for file in std::fs::read_dir(directory).into_iter().flatten() {
            let path = file.unwrap().path();
            let journal = ottla_lab::LabJournal::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let found = check(&journal).unwrap();
            assert!(found.is_none(), "{}: {}", path.display(), found.unwrap().broken);
        }
    }
}
