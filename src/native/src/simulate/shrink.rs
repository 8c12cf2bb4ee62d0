//! Makes a failing run short. Serves those who mend the engine; invariant: what comes out breaks the same guarantee, and is a
//! lab's journal like any other.

use super::{broken::Broken, check::check};
use ottla_lab::{LabJournal, load::Load, protocol::LabInput};
use ottla_world::{JournalEntry, Time};

type Entries = Vec<JournalEntry<LabInput>>;

/// A run that is made shorter.
struct Shrinker {
    journal: LabJournal,
    name: &'static str,
    /// How many more runs may be tried.
    tries: u64,
}

/// Drops inputs and shortens times as long as the same guarantee breaks, in so many tries; none if the journal does not break
/// it.
pub(super) fn shrink(journal: &LabJournal, broken: &Broken, tries: u64) -> Option<(LabJournal, Broken)> {
    let mut shrinker = Shrinker { journal: journal.clone(), name: broken.name(), tries };
    let entries = shrinker.cut(journal.entries.clone())?;
    let mut entries = shrinker.drop_inputs(entries);
    for _ in 0..3 {
        let before = size(&entries);
        entries = shrinker.close_gaps(entries);
        entries = shrinker.simplify(entries);
        entries = shrinker.drop_inputs(entries);
        if size(&entries) == before {
            break;
        }
    }
    let journal = LabJournal { entries, ..journal.clone() };
    let found = check(&journal).ok()??;
    Some((journal, found.broken))
}

fn size(entries: &Entries) -> (usize, Time) {
    (entries.len(), entries.last().map_or(Time::ZERO, |entry| entry.at))
}

impl Shrinker {
    /// When the guarantee breaks with these inputs, if it does.
    fn breaks(&mut self, entries: &Entries) -> Option<Time> {
        self.tries = self.tries.checked_sub(1)?;
        let journal = LabJournal { entries: entries.clone(), ..self.journal.clone() };
        // An engine that panics in a try that asks the impossible is another failure.
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&journal)));
        let found = found.unwrap_or_else(|_| {
            let broken = Broken::Panic(String::new());
            Ok(Some(super::check::Found { at: entries.last().map_or(Time::ZERO, |entry| entry.at), broken }))
        });
        found.ok()?.filter(|found| found.broken.name() == self.name).map(|found| found.at)
    }

    /// What comes after the moment when it breaks goes; a mark stays, so that a replay comes to that moment.
    fn cut(&mut self, entries: Entries) -> Option<Entries> {
        let at = self.breaks(&entries)?;
        let mut kept: Entries = entries.into_iter().filter(|entry| entry.at <= at).collect();
        kept.retain(|entry| entry.input != LabInput::Mark);
        kept.push(JournalEntry { at, input: LabInput::Mark });
        if self.breaks(&kept).is_some() { Some(kept) } else { None }
    }

    /// Drops ever smaller pieces (ddmin).
    fn drop_inputs(&mut self, mut entries: Entries) -> Entries {
        let mut pieces = 2;
        while entries.len() > 1 {
            let length = entries.len().div_ceil(pieces);
            let without = |from: usize| -> Entries {
                let kept = |(n, entry): (usize, &JournalEntry<LabInput>)| {
                    (n < from || n >= from + length || entry.input == LabInput::Mark).then(|| entry.clone())
                };
                entries.iter().enumerate().filter_map(kept).collect()
            };
            let mut starts = (0..entries.len()).step_by(length);
            let smaller = starts.find_map(|from| {
                let tried = without(from);
                (tried.len() < entries.len() && self.breaks(&tried).is_some()).then_some(tried)
            });
            match smaller {
                Some(smaller) => {
                    entries = self.cut(smaller.clone()).unwrap_or(smaller);
                    pieces = (pieces - 1).max(2);
                }
                None if length == 1 => break,
                None => pieces = (pieces * 2).min(entries.len()),
            }
        }
        entries
    }

    /// Lets what comes after a pause come earlier.
    fn close_gaps(&mut self, mut entries: Entries) -> Entries {
        let mut n = 1;
        while n < entries.len() {
            let gap = entries[n].at.since(entries[n - 1].at);
            let shorter = [gap, gap / 2, gap / 4].into_iter().filter(|by| *by > 1000).find_map(|by| {
                let mut tried = entries.clone();
                for entry in &mut tried[n..] {
                    entry.at = Time::from_micros(entry.at.as_micros() - by);
                    if let LabInput::Load(Load::Produce { until_us, .. }) = &mut entry.input {
                        *until_us = until_us.saturating_sub(by);
                    }
                }
                self.breaks(&tried).is_some().then_some(tried)
            });
            match shorter {
                Some(shorter) => entries = self.cut(shorter.clone()).unwrap_or(shorter),
                None => n += 1,
            }
        }
        entries
    }

    /// Producers stop earlier, clients have no settings but the address.
    fn simplify(&mut self, mut entries: Entries) -> Entries {
        for n in 0..entries.len() {
            let LabInput::Load(load) = entries[n].input.clone() else { continue };
            let at_us = entries[n].at.as_micros();
            let mut others: Vec<Load> = Vec::new();
            if let Load::Produce { until_us, .. } = &load {
                for part in [8, 4, 2] {
                    let mut less = load.clone();
                    if let Load::Produce { until_us: until, .. } = &mut less {
                        *until = at_us + until_us.saturating_sub(at_us) / part;
                    }
                    others.push(less);
                }
            }
            let mut plain = load.clone();
            match &mut plain {
                Load::Produce { settings, .. } | Load::Consume { settings, .. } => {
                    settings.retain(|name, _| name == "bootstrap.servers" || name == "group.id");
                }
            }
            others.push(plain);
            for other in others {
                let mut tried = entries.clone();
                tried[n].input = LabInput::Load(other);
                if tried != entries && self.breaks(&tried).is_some() {
                    entries = tried;
                    break;
                }
            }
        }
        entries
    }
}
