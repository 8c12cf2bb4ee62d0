//! What window and worker do once they run. The page's components and the engine's host will take this place.

use std::cell::RefCell;

use ottla_ui::protocol::{FromEngine, ToEngine};

use crate::{client::Client, worker};

thread_local! {
    /// The worker lives as long as the page.
    static ENGINE: RefCell<Option<Client<ToEngine>>> = const { RefCell::new(None) };
}

/// Starts the engine's worker and marks the page when it answers.
pub fn start() {
    let on_message = |message: FromEngine| {
        if message == FromEngine::Ready {
            mark("running");
        }
    };
    match Client::spawn("./worker.js", on_message, |_| mark("stopped")) {
        Ok(client) => ENGINE.with(|engine| *engine.borrow_mut() = Some(client)),
        Err(_) => mark("stopped"),
    }
}

/// Answers the window.
pub fn start_worker() {
    worker::serve(|port| {
        port.post(&FromEngine::Ready);
        |message: ToEngine| {
            if message == ToEngine::Panic {
                panic!("asked to");
            }
        }
    });
}

/// Styles and tests read the engine's state from the page's root.
fn mark(state: &str) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // An attribute of this name can always be set.
        drop(root.set_attribute("data-engine", state));
    }
}
