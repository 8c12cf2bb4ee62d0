//! Variables and the shell's settings. Serves expansion and builtins; invariant: what is exported is exactly what children get.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Variable {
    value: String,
    exported: bool,
}

/// The shell's variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    map: BTreeMap<String, Variable>,
    /// `$1`, `$2`, …
    pub(super) positional: Vec<String>,
}

impl Variables {
    pub(super) fn new(env: &BTreeMap<String, String>) -> Variables {
        let exported =
            |(name, value): (&String, &String)| (name.clone(), Variable { value: value.clone(), exported: true });
        Variables { map: env.iter().map(exported).collect(), positional: Vec::new() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.map.get(name).map(|v| v.value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.map.entry(name.to_owned()).or_default().value = value.into();
    }

    pub(super) fn export(&mut self, name: &str) {
        self.map.entry(name.to_owned()).or_default().exported = true;
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.map.remove(name);
    }

    pub(super) fn exported(&self) -> BTreeMap<String, String> {
        self.map.iter().filter(|(_, v)| v.exported).map(|(n, v)| (n.clone(), v.value.clone())).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.iter().map(|(n, v)| (n.as_str(), v.value.as_str()))
    }
}
