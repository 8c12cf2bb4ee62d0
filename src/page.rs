//! The window's half: the components, the engine's worker, and the lock that says which tab owns the kept lab.
//!
//! Serves `src/main.rs`. Invariants: there is at most one worker, and it was told whether it owns the storage before anything
//! else; a worker that died is replaced at once, unless it keeps dying.

use std::cell::{Cell, RefCell};

use ottla_ui::{
    Page,
    host::{HostEvent, HostRequest},
    protocol::{FromEngine, ToEngine},
};
use wasm_bindgen_futures::spawn_local;

use crate::{
    client::Client,
    tab_lock::{self, Claim, TabLock},
};

/// The lock's name: all tabs of the site share it.
const LOCK: &str = "ottla-lab";
/// So many times a worker that never opened a lab is replaced before it is given up.
const MOST_FAILURES: u32 = 2;

/// What lives as long as the window.
#[derive(Default)]
struct Window {
    page: RefCell<Option<Page>>,
    engine: RefCell<Option<Client<ToEngine>>>,
    lock: RefCell<Option<TabLock>>,
    /// The lesson that is open; a new worker opens it again.
    lesson: RefCell<Option<String>>,
    /// Workers that died since one last opened a lab.
    failures: Cell<u32>,
}

thread_local! {
    static WINDOW: Window = Window::default();
}

/// Starts the engine's worker and puts the page in place of what the HTML showed.
pub fn start() {
    let root = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app"));
    let Some(root) = root else { return };
    spawn_engine();
    let page = Page::mount(root, asked);
    WINDOW.with(|window| *window.page.borrow_mut() = Some(page));
}

/// The page asks for something.
fn asked(request: HostRequest) {
    match request {
        HostRequest::Open { lesson } => {
            WINDOW.with(|window| *window.lesson.borrow_mut() = lesson);
            spawn_local(claim(false));
        }
        HostRequest::Engine(message) => {
            if let ToEngine::OpenLesson { lesson } = &message {
                WINDOW.with(|window| window.lesson.borrow_mut().clone_from(lesson));
            }
            send(&message);
        }
        HostRequest::TakeOver => spawn_local(claim(true)),
        HostRequest::Restart => {
            WINDOW.with(|window| window.failures.set(0));
            renew();
        }
    }
}

/// Asks for the kept lab and opens it, or a lab in memory. Taken over, it is opened by a new worker: the old one's lab is another.
async fn claim(take_over: bool) {
    let lock = match tab_lock::claim(LOCK, take_over, lost).await {
        Claim::Granted(lock) => Some(lock),
        Claim::Taken => None,
    };
    let owned = lock.is_some();
    WINDOW.with(|window| *window.lock.borrow_mut() = lock);
    tell(HostEvent::Storage { owned });
    if take_over { renew() } else { open() }
}

/// Another tab took the kept lab: from now on this one writes nothing.
fn lost() {
    WINDOW.with(|window| window.lock.borrow_mut().take());
    tell(HostEvent::Storage { owned: false });
    renew();
}

/// A new worker opens the lesson.
fn renew() {
    spawn_engine();
    open();
}

/// The first message to a worker.
fn open() {
    let (lesson, owns_storage) = WINDOW.with(|window| (window.lesson.borrow().clone(), window.lock.borrow().is_some()));
    send(&ToEngine::Open { lesson, owns_storage });
}

/// Starts a worker; one that ran before ends.
fn spawn_engine() {
    // The old one goes first: two engines never write to one storage.
    WINDOW.with(|window| window.engine.borrow_mut().take());
    match Client::spawn("./worker.js", heard, |words| spawn_local(async move { died(words) })) {
        Ok(client) => WINDOW.with(|window| *window.engine.borrow_mut() = Some(client)),
        Err(error) => {
            mark("stopped");
            tell(HostEvent::Died { words: format!("{error:?}"), restarting: false });
        }
    }
}

fn heard(message: FromEngine) {
    match &message {
        FromEngine::Ready => mark("running"),
        FromEngine::Opened { .. } => WINDOW.with(|window| window.failures.set(0)),
        _ => {}
    }
    tell(HostEvent::Engine(Box::new(message)));
}

/// Runs in a task of its own: the worker's handlers must not be dropped while one of them runs.
fn died(words: String) {
    mark("stopped");
    let restarting = WINDOW.with(|window| {
        window.failures.set(window.failures.get() + 1);
        window.failures.get() <= MOST_FAILURES
    });
    tell(HostEvent::Died { words, restarting });
    if restarting {
        renew();
    } else {
        WINDOW.with(|window| window.engine.borrow_mut().take());
    }
}

fn send(message: &ToEngine) {
    WINDOW.with(|window| {
        if let Some(engine) = &*window.engine.borrow() {
            engine.send(message);
        }
    });
}

fn tell(event: HostEvent) {
    WINDOW.with(|window| {
        if let Some(page) = &*window.page.borrow() {
            page.tell(event);
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
