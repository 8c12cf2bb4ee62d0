//! `ottla simulate`: random clusters under random faults, by the thousand. Serves CI and those who mend the engine;
//! invariant: a run is a function of its seed, so what it finds can be repeated by that number alone.

mod broken;
mod faults;
mod knobs;
mod look;
mod replicas;
mod run;
mod verdict;
mod watch;
mod workload;

use crate::option;
use broken::Broken;
use knobs::Knobs;
use run::{Run, Tail, Tally};
use std::{
    any::Any,
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Runs if no number is given.
const RUNS: u64 = 100;

pub fn main(args: &[&str]) -> ExitCode {
    match simulate(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("ottla simulate: {reason}");
            ExitCode::from(2)
        }
    }
}

/// What all runs did together.
#[derive(Debug, Default)]
struct Sum {
    passed: u64,
    failed: Vec<u64>,
    all: Tally,
    slowest_heal: (u64, u64),
}

fn simulate(args: &[&str]) -> Result<bool, String> {
    let runs = option(args, "--runs")?.unwrap_or(RUNS);
    let first = option(args, "--seed")?.unwrap_or(1);
    let verbose = args.contains(&"--verbose");
    panic::set_hook(Box::new(|info| PANIC.with_borrow_mut(|text| *text = info.to_string())));
    #[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a host may measure itself")]
    let started = std::time::Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Sum::default());
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64).min(runs.max(1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(first, runs, verbose, &next, &sum));
        }
    });
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let mut sum = sum.into_inner().map_err(|_| "a thread broke".to_owned())?;
    sum.failed.sort_unstable();
    report(&sum, runs, millis);
    Ok(sum.failed.is_empty())
}

fn work(first: u64, runs: u64, verbose: bool, next: &AtomicU64, sum: &Mutex<Sum>) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= runs {
            return;
        }
        let seed = first.wrapping_add(n);
        let tail = RefCell::new(Tail::default());
        let outcome = one(seed, &tail, verbose);
        let Ok(mut sum) = sum.lock() else { return };
        match outcome {
            Ok(tally) => sum.add(seed, &tally),
            Err(broken) => {
                sum.failed.push(seed);
                print_failure(seed, &broken, &tail.borrow());
            }
        }
    }
}

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

fn one(seed: u64, tail: &RefCell<Tail>, verbose: bool) -> Result<Tally, Broken> {
    let run = AssertUnwindSafe(|| Run::whole(Knobs::draw(seed), tail, verbose));
    panic::catch_unwind(run)
        .unwrap_or_else(|_: Box<dyn Any + Send>| Err(Broken::Panic(PANIC.with_borrow(Clone::clone))))
}

fn print_failure(seed: u64, broken: &Broken, tail: &Tail) {
    println!("seed {seed}: {broken}\n{}\n  the last lines of the event log:", Knobs::draw(seed));
    for line in &tail.0 {
        println!("    {line}");
    }
    println!("  to repeat it: ottla simulate --runs 1 --seed {seed}\n");
}

impl Sum {
    fn add(&mut self, seed: u64, tally: &Tally) {
        self.passed += 1;
        let all = &mut self.all;
        all.virtual_ms += tally.virtual_ms;
        all.events += tally.events;
        all.faults += tally.faults;
        all.sent += tally.sent;
        all.acknowledged += tally.acknowledged;
        all.written += tally.written;
        all.delivered += tally.delivered;
        // The order in which threads finish must not count.
        all.hash ^= tally.hash;
        self.slowest_heal = self.slowest_heal.max((tally.healed_ms, seed));
    }
}

fn report(sum: &Sum, runs: u64, millis: u64) {
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
    let per_second = runs * 100_000 / millis;
    println!("{}.{:02} runs a second", per_second / 100, per_second % 100);
    if !sum.failed.is_empty() {
        println!("failed seeds: {:?}", sum.failed);
    }
    println!("{} passed, {} failed", sum.passed, sum.failed.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_function_of_its_seed() {
        let run = || one(1, &RefCell::default(), false).map_err(|broken| broken.to_string());
        assert_eq!(run(), run());
    }
}
