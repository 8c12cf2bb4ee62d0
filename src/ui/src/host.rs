//! What travels between the page's components and the window that hosts them. Serves the root package; invariant: the
//! components touch no worker and no lock themselves, so that they can be shown without either.

use crate::protocol::{FromEngine, ToEngine};

/// From the window to the components.
#[derive(Clone, Debug, PartialEq)]
pub enum HostEvent {
    /// The engine said something.
    Engine(Box<FromEngine>),
    /// The engine died; these are its last words.
    Died {
        /// The words.
        words: String,
        /// Another one was started in its place; otherwise it waits for [`HostRequest::Restart`].
        restarting: bool,
    },
    /// Whether this tab owns the kept lab.
    Storage {
        /// It does.
        owned: bool,
    },
}

/// From the components to the window.
#[derive(Clone, Debug, PartialEq)]
pub enum HostRequest {
    /// Opens a lesson (`None`: the sandbox) as soon as it is known whether this tab owns the kept lab. The first request.
    Open {
        /// The lesson's id.
        lesson: Option<String>,
    },
    /// Passes a message on.
    Engine(ToEngine),
    /// Takes the kept lab from the tab that owns it and opens it here.
    TakeOver,
    /// Starts the engine again after it was given up.
    Restart,
}
