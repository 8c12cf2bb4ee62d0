//! Many runs at once. Serves the command; invariant: what a batch finds does not depend on the order in which its threads finish.

use super::{
    broken::Broken,
    class,
    knobs::Knobs,
    run::{Run, Tally},
    stage::Tail,
};
use ottla_lab::LabJournal;
use ottla_world::mutation::{self, Mutation};
use std::{
    any::Any,
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) first: u64,
    pub(super) runs: u64,
    /// No new run begins after so many minutes.
    pub(super) minutes: Option<u64>,
    pub(super) verbose: bool,
    /// A rule that is wrong in all runs; the first failure ends the batch.
    pub(super) mutation: Option<Mutation>,
}

/// What all runs did together.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) passed: u64,
    /// Failed seeds, and what is broken.
    pub(super) failed: Vec<(u64, Broken)>,
    pub(super) all: Tally,
    pub(super) slowest_heal: (u64, u64),
    pub(super) millis: u64,
}

/// A clock of the host.
#[derive(Clone, Copy)]
#[allow(clippy::disallowed_types, reason = "a host may measure itself")]
struct Clock(std::time::Instant);

impl Clock {
    fn start() -> Clock {
        #[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a host may measure itself")]
        let now = std::time::Instant::now();
        Clock(now)
    }

    fn millis(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

impl Batch {
    /// Runs all, on as many threads as there are processors.
    pub(super) fn run(self) -> Sum {
        let clock = Clock::start();
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let sum = Mutex::new(Sum::default());
        let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64).min(self.runs.max(1));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(clock, &next, &stop, &sum));
            }
        });
        let mut sum = sum.into_inner().unwrap_or_default();
        sum.millis = clock.millis();
        sum.failed.sort_by_key(|(seed, _)| *seed);
        sum
    }

    fn work(self, clock: Clock, next: &AtomicU64, stop: &AtomicBool, sum: &Mutex<Sum>) {
        mutation::set(self.mutation);
        class::forget();
        loop {
            let late = self.minutes.is_some_and(|minutes| clock.millis() >= minutes * 60_000);
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= self.runs || late || stop.load(Ordering::Relaxed) {
                return;
            }
            let seed = self.first.wrapping_add(n);
            let (outcome, _) = one(seed, self.verbose);
            let Ok(mut sum) = sum.lock() else { return };
            match outcome {
                Ok(tally) => sum.add(seed, &tally),
                Err(broken) => {
                    if self.mutation.is_some() {
                        stop.store(true, Ordering::Relaxed);
                    } else {
                        print_failure(seed, &broken);
                    }
                    sum.failed.push((seed, broken));
                }
            }
        }
    }
}

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics are kept instead of printed.
pub(super) fn keep_panics() {
    panic::set_hook(Box::new(|info| PANIC.with_borrow_mut(|text| *text = info.to_string())));
}

/// Runs one seed; with the journal if something is broken.
pub(super) fn one(seed: u64, verbose: bool) -> (Result<Tally, Broken>, Option<LabJournal>) {
    let tail = RefCell::new(Tail { verbose: true, ..Tail::default() });
    guarded(|| Run::whole(Knobs::draw(seed), verbose.then_some(&tail)))
}

fn guarded(
    run: impl FnOnce() -> (Result<Tally, Broken>, Option<LabJournal>),
) -> (Result<Tally, Broken>, Option<LabJournal>) {
    panic::catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_: Box<dyn Any + Send>| (Err(Broken::Panic(PANIC.with_borrow(Clone::clone))), None))
}

fn print_failure(seed: u64, broken: &Broken) {
    // Once more, with an event log.
    let tail = RefCell::new(Tail::default());
    let again = guarded(|| Run::whole(Knobs::draw(seed), Some(&tail))).0;
    println!("seed {seed}: {broken}\n{}\n  the last lines of the event log:", Knobs::draw(seed));
    for line in &tail.borrow().lines {
        println!("    {line}");
    }
    if again.err().as_ref() != Some(broken) {
        println!("  (with an event log it came out differently: looking at a run must not change it)");
    }
    println!("  to repeat it: ottla simulate --runs 1 --seed {seed}");
    println!("  to shorten it: ottla simulate --shrink {seed} --out FILE\n");
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
        all.hash ^= tally.hash;
        self.slowest_heal = self.slowest_heal.max((tally.healed_ms, seed));
    }
}
