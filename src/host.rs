//! The worker's half of the page: the engine, its timer and its storage.
//!
//! Serves `src/main.rs`. Invariants: one batch of storage is under way at a time, in order; a storage that fails is
//! told once and the lab goes on in memory.

use crate::{
    engine::{Engine, Kept, meta_key},
    store::{Saved, Store, StoreError, StoreOp, coalesce},
    worker::{self, Port},
};
use gloo_timers::callback::Interval;
use ottla_ui::protocol::{FromEngine, Notice, ToEngine};
use std::{cell::RefCell, collections::VecDeque, rc::Rc};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use wasm_bindgen_futures::spawn_local;

/// Real time between two ticks, in milliseconds.
const TICK_MS: u32 = 33;
/// Real time between two batches for the store, in milliseconds.
const KEEP_EVERY_MS: f64 = 300.0;

struct Host {
    port: Port<FromEngine>,
    engine: Option<Engine>,
    /// `None`: nothing is kept (another tab owns the storage, or the browser refused).
    store: Option<Rc<Store>>,
    /// Batches with the lab they belong to.
    waiting: VecDeque<(String, Vec<StoreOp>)>,
    writing: bool,
    opening: bool,
    /// Asked for while another lab was being opened: the newest wish counts.
    next: Option<Wish>,
    last_tick_ms: f64,
    last_keep_ms: f64,
}

/// A lab to be opened.
#[derive(Clone, Debug)]
struct Wish {
    lesson: Option<String>,
    owns_storage: bool,
    afresh: bool,
}

type Shared = Rc<RefCell<Host>>;

/// Answers the window for as long as the worker lives.
pub fn start() {
    worker::serve(|port| {
        let host = Rc::new(RefCell::new(Host {
            port,
            engine: None,
            store: None,
            waiting: VecDeque::new(),
            writing: false,
            opening: false,
            next: None,
            last_tick_ms: now_ms(),
            last_keep_ms: 0.0,
        }));
        host.borrow().port.post(&FromEngine::Ready);
        let ticking = host.clone();
        Interval::new(TICK_MS, move || tick(&ticking)).forget();
        move |message| take(&host, message)
    });
}

/// Milliseconds of the browser's steady clock.
fn now_ms() -> f64 {
    let scope: web_sys::DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().expect_throw("a worker has a clock").now()
}

fn take(host: &Shared, message: ToEngine) {
    match message {
        ToEngine::Panic => panic!("asked to"),
        ToEngine::Open { lesson, owns_storage } => open(host, lesson, owns_storage, false),
        ToEngine::OpenLesson { lesson } => {
            let owns = host.borrow().store.is_some();
            open(host, lesson, owns, false);
        }
        ToEngine::Reset => {
            let (owns, lesson) = {
                let host = host.borrow();
                let id = host.engine.as_ref().map(|e| e.lab_id().to_owned());
                (host.store.is_some(), id.filter(|id| id != "sandbox" && !id.is_empty()))
            };
            open(host, lesson, owns, true);
        }
        ToEngine::OpenRun(text) => open_run(host, &text),
        other => {
            let mut host = host.borrow_mut();
            let messages = host.engine.as_mut().map(|engine| engine.handle(&other)).unwrap_or_default();
            messages.iter().for_each(|m| host.port.post(m));
        }
    }
}

/// Opens a lab: from the store if it may and can, afresh otherwise.
fn open(host: &Shared, lesson: Option<String>, owns_storage: bool, afresh: bool) {
    {
        let mut host = host.borrow_mut();
        if host.opening {
            host.next = Some(Wish { lesson, owns_storage, afresh });
            return;
        }
        host.opening = true;
        host.engine = None;
    }
    let shared = host.clone();
    spawn_local(async move {
        open_now(&shared, lesson, owns_storage, afresh).await;
        let next = shared.borrow_mut().next.take();
        if let Some(Wish { lesson, owns_storage, afresh }) = next {
            open(&shared, lesson, owns_storage, afresh);
        }
    });
}

/// Plays a recorded run instead of the lab, which stays kept as it is.
fn open_run(host: &Shared, text: &str) {
    let mut host = host.borrow_mut();
    match Engine::open_run(text) {
        Ok(mut engine) if !host.opening => {
            engine.greeting().iter().for_each(|m| host.port.post(m));
            host.port.post(&FromEngine::Notice(Notice::RecordedRun));
            host.engine = Some(engine);
            host.last_tick_ms = now_ms();
        }
        Ok(_) => {}
        Err(reason) => host.port.post(&FromEngine::Notice(Notice::DamagedRun(reason))),
    }
}

async fn open_now(host: &Shared, lesson: Option<String>, owns_storage: bool, afresh: bool) {
    let notice = if owns_storage { ready_store(host).await } else { Some(Notice::SecondTab) };
    let store = if owns_storage { host.borrow().store.clone() } else { None };
    let id = lesson.clone().unwrap_or_else(|| "sandbox".to_owned());
    let (kept, damaged) = match store {
        Some(store) if !afresh => read(&store, &id).await,
        _ => (None, None),
    };
    let opened = Engine::open(lesson.as_deref(), kept.as_ref());
    let mut host = host.borrow_mut();
    host.opening = false;
    if !owns_storage {
        host.store = None;
    }
    let Ok(mut engine) = opened.inspect_err(|reason| web_sys::console::error_1(&reason.into())) else {
        host.port.post(&FromEngine::Notice(Notice::DamagedLab("there is no such lesson".into())));
        return;
    };
    engine.greeting().iter().for_each(|m| host.port.post(m));
    for notice in notice.into_iter().chain(damaged) {
        host.port.post(&FromEngine::Notice(notice));
    }
    host.engine = Some(engine);
    host.last_tick_ms = now_ms();
}

/// Opens the storage if it is not open; what to tell if that fails.
async fn ready_store(host: &Shared) -> Option<Notice> {
    if host.borrow().store.is_some() {
        return None;
    }
    match Store::open().await {
        Ok(store) => {
            host.borrow_mut().store = Some(Rc::new(store));
            None
        }
        Err(error) => Some(Notice::MemoryOnly(error.to_string())),
    }
}

async fn read(store: &Store, id: &str) -> (Option<Kept>, Option<Notice>) {
    let saved = async {
        let meta = store.value(&meta_key(id)).await?;
        let saved = if meta.is_some() { store.load_all(id).await? } else { Saved::default() };
        Ok::<_, StoreError>((meta, saved))
    };
    let damaged = |reason: String| (None, Some(Notice::DamagedLab(reason)));
    match saved.await {
        Ok((meta, saved)) => match Kept::read(meta.as_deref(), saved) {
            Ok(kept) => (kept, None),
            Err(reason) => damaged(reason),
        },
        Err(error) => damaged(error.to_string()),
    }
}

fn tick(shared: &Shared) {
    let mut host = shared.borrow_mut();
    let now = now_ms();
    let elapsed_us = ((now - host.last_tick_ms).max(0.0) * 1000.0) as u64;
    host.last_tick_ms = now;
    let Some(engine) = &mut host.engine else { return };
    let messages = engine.tick(elapsed_us);
    messages.iter().for_each(|m| host.port.post(m));
    if now - host.last_keep_ms >= KEEP_EVERY_MS && host.store.is_some() {
        host.last_keep_ms = now;
        let batch = host.engine.as_mut().map(|engine| (engine.lab_id().to_owned(), engine.take_ops()));
        if let Some((id, ops)) = batch.filter(|(_, ops)| !ops.is_empty()) {
            host.waiting.push_back((id, coalesce(ops)));
        }
        drop(host);
        write(shared);
    }
}

/// Writes what waits, one batch after the other.
fn write(shared: &Shared) {
    let mut host = shared.borrow_mut();
    if host.writing {
        return;
    }
    let Some(store) = host.store.clone() else { return };
    let Some((id, batch)) = host.waiting.pop_front() else { return };
    host.writing = true;
    let shared = shared.clone();
    spawn_local(async move {
        let written = store.commit(&id, batch).await;
        let mut host = shared.borrow_mut();
        host.writing = false;
        if let Err(error) = written {
            let full = error == StoreError::Quota;
            let notice = if full { Notice::StorageFull } else { Notice::MemoryOnly(error.to_string()) };
            host.port.post(&FromEngine::Notice(notice));
            host.store = None;
            host.waiting.clear();
            return;
        }
        drop(host);
        write(&shared);
    });
}
