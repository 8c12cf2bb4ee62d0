//! Journals of labs: how a run is stored and run again. Serves `ottla replay`, the page and bug reports; invariant: a
//! replay ends in the same state hash, natively and in wasm.

use crate::{Lab, LabConfig, LabError, protocol::LabInput};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ottla_world::{Journal, JournalHeader, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The engine that runs journals of this version.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A journal of a lab's inputs.
pub type LabJournal = Journal<LabInput>;

/// What a run starts from: its description and, where it goes on from kept disks, their flushed parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) config: LabConfig,
    /// Virtual time at the start, in microseconds.
    #[serde(default)]
    pub(crate) start_us: u64,
    /// Host name, then path, then content in base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) disks: BTreeMap<String, BTreeMap<String, String>>,
}

impl Origin {
    pub(crate) fn header(&self) -> JournalHeader {
        JournalHeader {
            engine: ENGINE_VERSION.to_owned(),
            seed: self.config.seed,
            start_ms: self.config.start_ms,
            lab: serde_json::to_value(self).expect("an origin has string keys only"),
        }
    }

    pub(crate) fn disk_files(&self) -> Result<BTreeMap<String, BTreeMap<String, Vec<u8>>>, LabError> {
        let bad = |path: &str| LabError::Journal(format!("{path}: not base64"));
        let files = |files: &BTreeMap<String, String>| {
            let decode = |(path, text): (&String, &String)| {
                STANDARD.decode(text).map(|data| (path.clone(), data)).map_err(|_| bad(path))
            };
            files.iter().map(decode).collect::<Result<BTreeMap<_, _>, _>>()
        };
        self.disks.iter().map(|(host, of)| Ok((host.clone(), files(of)?))).collect()
    }
}

/// Turns disks into the stored form.
pub(crate) fn encode_disks(
    disks: &BTreeMap<String, BTreeMap<String, Vec<u8>>>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let encode = |files: &BTreeMap<String, Vec<u8>>| {
        files.iter().map(|(path, data)| (path.clone(), STANDARD.encode(data))).collect()
    };
    disks.iter().map(|(host, files)| (host.clone(), encode(files))).collect()
}

impl Lab {
    /// The lab of a journal before its first input.
    ///
    /// # Errors
    /// A header that is no lab, a lab out of bounds, or an engine of another version.
    pub fn begin(journal: &LabJournal) -> Result<Lab, LabError> {
        if journal.header.engine != ENGINE_VERSION {
            let text = format!("made by engine {}, this is {ENGINE_VERSION}", journal.header.engine);
            return Err(LabError::Journal(text));
        }
        let origin: Origin = serde_json::from_value(journal.header.lab.clone())
            .map_err(|e| LabError::Journal(format!("not a lab: {e}")))?;
        let disks = origin.disk_files()?;
        Lab::restore(origin.config, &disks, Time::from_micros(origin.start_us))
    }

    /// Runs a journal again, to the time of its last entry.
    ///
    /// # Errors
    /// As of [`Lab::begin`].
    pub fn replay(journal: &LabJournal) -> Result<Lab, LabError> {
        let mut lab = Lab::begin(journal)?;
        for entry in &journal.entries {
            lab.run_until(entry.at);
            lab.apply(&entry.input);
        }
        Ok(lab)
    }
}
