//! What a person has chosen. Serves the settings window; invariant: what was kept by another version is read as far as it can be.

use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word under which the browser keeps it, and which the page's root carries; none for the system's.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// The theme of a kept word.
    pub fn of(word: Option<&str>) -> Self {
        match word {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Choices. The theme is kept on its own, since the page needs it before the program is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    #[serde(skip)]
    pub theme: Theme,
    /// Single keys do something while nothing is being typed.
    pub keys: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { theme: Theme::System, keys: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_are_kept_as_words() {
        for theme in [Theme::System, Theme::Light, Theme::Dark] {
            assert_eq!(Theme::of(theme.word()), theme);
        }
        assert!(serde_json::from_str::<Settings>("{}").unwrap().keys);
    }
}
