//! The window's side of the message pump: one dedicated module worker.
//!
//! Serves the page. Invariants: nothing is posted before the worker is ready (what is sent earlier waits here, in order);
//! a worker that died is said to be dead once and hears nothing more.

use std::{cell::RefCell, marker::PhantomData, rc::Rc};

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::message::{FromWorker, decode, encode};

/// What has been sent and not been posted yet; `None`: the worker is ready.
type Waiting = Rc<RefCell<Option<Vec<String>>>>;

/// A running worker. Dropping it ends the worker.
#[derive(Debug)]
pub struct Client<In> {
    worker: Worker,
    waiting: Waiting,
    messages: PhantomData<fn(In)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl<In: Serialize> Client<In> {
    /// Starts the worker at `url` (relative to the page). `on_message` gets what it posts; `on_death` gets the words of a panic
    /// or of a failed load: the worker is of no use then, drop it and start another.
    ///
    /// # Errors
    /// The browser has no module workers, or forbids this one.
    pub fn spawn<Out: DeserializeOwned + 'static>(
        url: &str,
        on_message: impl Fn(Out) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(url, &options)?;
        let waiting: Waiting = Rc::new(RefCell::new(Some(Vec::new())));
        let on_death = Rc::new(on_death);
        let on_message = message_handler(worker.clone(), waiting.clone(), on_message, on_death.clone());
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default(); // it is told here, not twice
            on_death(words_of(&event));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, waiting, messages: PhantomData, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message; it is posted as soon as the worker is ready.
    pub fn send(&self, message: &In) {
        let text = encode(message);
        match self.waiting.borrow_mut().as_mut() {
            Some(waiting) => waiting.push(text),
            None => post(&self.worker, &text),
        }
    }
}

impl<In> Drop for Client<In> {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn message_handler<Out: DeserializeOwned + 'static>(
    worker: Worker,
    waiting: Waiting,
    on_message: impl Fn(Out) + 'static,
    on_death: Rc<impl Fn(String) + 'static>,
) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |event: MessageEvent| {
        match decode::<FromWorker<Out>>(&event.data().as_string().unwrap_or_default()) {
            Ok(FromWorker::Ready) => {
                let waited = waiting.borrow_mut().take();
                waited.into_iter().flatten().for_each(|text| post(&worker, &text));
            }
            Ok(FromWorker::Message(message)) => on_message(message),
            Err(error) => on_death(format!("the page and its engine are of different versions: {error}")),
        }
    })
}

fn post(worker: &Worker, text: &str) {
    // A string can always be cloned: posting one does not fail.
    if let Err(error) = worker.post_message(&text.into()) {
        web_sys::console::error_1(&error);
    }
}

/// A script that cannot be loaded gives an event without a message.
fn words_of(event: &ErrorEvent) -> String {
    let message = js_sys::Reflect::get(event, &"message".into()).ok().and_then(|message| message.as_string());
    message.filter(|text| !text.is_empty()).unwrap_or_else(|| "it could not be loaded".into())
}
