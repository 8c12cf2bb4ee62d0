//! A recorded run as it is played again in the page. Serves the engine; invariant: an input of the run is done at its own time, and
//! none after the person has done something else: then the run is theirs.

use ottla_lab::{Lab, LabJournal, protocol::LabInput};
use ottla_world::{JournalEntry, Time};
use std::collections::VecDeque;

/// Longer files are no runs of a page or a simulation.
const MOST_BYTES: usize = 32 << 20;
/// So many terminals fit in the page.
const MOST_TERMINALS: u32 = 8;

/// The inputs that are still to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Playback {
    entries: VecDeque<JournalEntry<LabInput>>,
}

impl Playback {
    /// A run's lab at its beginning, its inputs, and how many terminals they open.
    ///
    /// # Errors
    /// Text that is no journal, of another engine, or of a lab out of bounds.
    pub(super) fn open(text: &str) -> Result<(Lab, Playback, u32), String> {
        if text.len() > MOST_BYTES {
            return Err(format!("longer than {} MiB", MOST_BYTES >> 20));
        }
        let journal = LabJournal::parse(text).map_err(|error| error.to_string())?;
        let lab = Lab::begin(&journal).map_err(|error| error.to_string())?;
        let opened = journal.entries.iter().filter(|entry| entry.input == LabInput::OpenTerminal).count();
        let terminals = u32::try_from(opened).unwrap_or(u32::MAX);
        if terminals > MOST_TERMINALS {
            return Err(format!("{terminals} terminals; {MOST_TERMINALS} is the most"));
        }
        Ok((lab, Playback { entries: journal.entries.into() }, terminals))
    }

    /// When the next input is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.entries.front().map(|entry| entry.at)
    }

    /// Does what is due by the lab's time.
    pub(super) fn apply_due(&mut self, lab: &mut Lab) {
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.at <= lab.now()) {
            lab.apply(&entry.input);
        }
    }

    /// The person goes another way.
    pub(super) fn leave(&mut self) {
        self.entries.clear();
    }
}
