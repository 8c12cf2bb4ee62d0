//! What window and worker do once they run. The components of the page will take this place.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::{client::Client, worker};

/// What the window asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Question {
    /// Are you there?
    Hello,
}

/// What the worker answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Answer {
    /// Yes.
    Hello,
}

thread_local! {
    /// The worker lives as long as the page.
    static ENGINE: RefCell<Option<Client<Question>>> = const { RefCell::new(None) };
}

/// Starts the engine's worker and marks the page when it answers.
pub fn start() {
    let spawned = Client::spawn("./worker.js", |Answer::Hello| mark("running"), |_| mark("stopped"));
    match spawned {
        Ok(client) => {
            client.send(&Question::Hello);
            ENGINE.with(|engine| *engine.borrow_mut() = Some(client));
        }
        Err(_) => mark("stopped"),
    }
}

/// Answers the window.
pub fn start_worker() {
    worker::serve(|port| move |Question::Hello| port.post(&Answer::Hello));
}

/// Styles and tests read the engine's state from the page's root.
fn mark(state: &str) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // An attribute of this name can always be set.
        drop(root.set_attribute("data-engine", state));
    }
}
