//! The page's own pictures, drawn on a grid of 16. Serves buttons and marks; invariant: no picture stands without a word, so
//! all are hidden from screen readers.

use yew::prelude::*;

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Time runs.
    Play,
    /// Time stands.
    Pause,
    /// One event.
    Step,
    /// To the next interesting event.
    Next,
    /// Fills the screen.
    Full,
    /// Shares the screen.
    Share,
    /// One more.
    Plus,
    /// Away with it.
    Close,
    /// Into the clipboard.
    Copy,
    /// A fault.
    Bolt,
    /// The leader.
    Crown,
    /// Settings.
    Gear,
    /// Reached.
    Check,
    /// Not reached yet.
    Ring,
    /// Half reached.
    Half,
    /// Something opens below.
    Down,
    /// To be noticed.
    Warn,
    /// A follower that is in sync.
    Link,
    /// A follower that is not in sync.
    Broken,
}

impl Glyph {
    /// The path of its strokes.
    fn path(self) -> &'static str {
        match self {
            Self::Play => "M5 3.5v9l7-4.5z",
            Self::Pause => "M5 3.5v9M11 3.5v9",
            Self::Step => "M4 3.5v9l6-4.5zM12 3.5v9",
            Self::Next => "M2.5 4v8L8 8zM8 4v8l5.5-4zM13.5 4v8",
            Self::Full => "M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10M10 13.5h3.5V10",
            Self::Share => "M2.5 6H6V2.5M13.5 6H10V2.5M2.5 10H6v3.5M13.5 10H10v3.5",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Copy => "M6 5.5h7v8H6zM10 5.5v-3H3v8h3",
            Self::Bolt => "M9 1.5L3.5 9H8l-1 5.5L12.5 7H8z",
            Self::Crown => "M2.5 12.5h11l1-8-3.5 3L8 3 5 7.5l-3.5-3z",
            Self::Gear => "M3 4.5h10M3 8h10M3 11.5h10M6 3v3M10.5 6.5v3M5 10v3",
            Self::Check => "M3 8.5l3.5 3.5L13 4.5",
            Self::Ring => "M8 3a5 5 0 1 0 .01 0z",
            Self::Half => "M8 3a5 5 0 1 0 .01 0zM8 3v10M8 5.5h2.5M8 8h4.5M8 10.5h2.5",
            Self::Down => "M4 6l4 4 4-4",
            Self::Warn => "M8 2L1.5 13.5h13zM8 6.5v3.5M8 11.5v.5",
            Self::Link => "M3 5h10M3 11h10",
            Self::Broken => "M3 5h3M10 5h3M3 11h3M10 11h3M9 3L7 13",
        }
    }

    /// Whether it is filled rather than drawn in lines.
    fn is_solid(self) -> bool {
        matches!(self, Self::Play | Self::Crown | Self::Bolt)
    }
}

/// A picture's properties.
#[derive(Properties, PartialEq)]
pub struct IconProps {
    /// Which.
    pub glyph: Glyph,
}

/// A picture.
#[component]
pub fn Icon(props: &IconProps) -> Html {
    let fill = if props.glyph.is_solid() { "currentColor" } else { "none" };
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={props.glyph.path()} {fill} stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"
                stroke-linecap="round" />
        </svg>
    }
}
