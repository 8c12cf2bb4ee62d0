//! What the browser keeps between visits, besides the lab: layout, settings, progress, lines typed. Serves the root component;
//! invariant: what can't be read counts as not kept.

use crate::state::{Kept, settings::Theme};
use serde::{Serialize, de::DeserializeOwned};
use web_sys::Storage;

/// The names under which things are kept. The theme's is known to `www/boot.js` too.
pub const THEME: &str = "ottla-theme";
/// The layout.
pub const LAYOUT: &str = "ottla-layout";
/// The settings.
pub const SETTINGS: &str = "ottla-settings";
/// The progress.
pub const PROGRESS: &str = "ottla-progress";
/// The lines typed.
pub const HISTORY: &str = "ottla-history";

/// What an earlier visit left.
pub fn kept() -> Kept {
    let mut kept =
        Kept { layout: read(LAYOUT), settings: read(SETTINGS), progress: read(PROGRESS), history: read(HISTORY) };
    let theme = storage().and_then(|storage| storage.get_item(THEME).ok()?);
    kept.settings.theme = Theme::of(theme.as_deref());
    kept
}

/// Keeps a value.
pub fn write(name: &str, value: &impl Serialize) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(value)) {
        // Storage that is full keeps what it has.
        drop(storage.set_item(name, &text));
    }
}

/// Keeps the theme.
pub fn write_theme(theme: Theme) {
    if let Some(storage) = storage() {
        let kept = match theme.word() {
            Some(word) => storage.set_item(THEME, word),
            None => storage.remove_item(THEME),
        };
        drop(kept);
    }
}

fn read<T: DeserializeOwned + Default>(name: &str) -> T {
    let text = storage().and_then(|storage| storage.get_item(name).ok()?);
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn storage() -> Option<Storage> {
    super::window()?.local_storage().ok()?
}
