//! The worker's side of the message pump.
//!
//! Serves whoever hosts the engine in the worker. Invariant: `Ready` is posted once, after the handler is set.

use std::{cell::RefCell, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::message::{FromWorker, decode, encode};

/// Where the worker posts its messages. Cheap to clone; timers and promises may hold one.
#[derive(Debug)]
pub struct Port<Out> {
    scope: DedicatedWorkerGlobalScope,
    messages: PhantomData<fn(Out)>,
}

impl<Out> Clone for Port<Out> {
    fn clone(&self) -> Self {
        Self { scope: self.scope.clone(), messages: PhantomData }
    }
}

impl<Out: Serialize> Port<Out> {
    /// Posts a message to the window.
    pub fn post(&self, message: &Out) {
        self.post_text(&encode(&FromWorker::Message(message)));
    }

    fn post_text(&self, text: &str) {
        // A string can always be cloned: posting one does not fail.
        if let Err(error) = self.scope.post_message(&text.into()) {
            web_sys::console::error_1(&error);
        }
    }
}

/// Makes the worker's handler with `start`, calls it with each message of the window from then on, and says that it is ready.
///
/// A message that is none is told to the console and passed over.
pub fn serve<In, Out, Handler>(start: impl FnOnce(Port<Out>) -> Handler)
where
    In: DeserializeOwned + 'static,
    Out: Serialize + 'static,
    Handler: FnMut(In) + 'static,
{
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let port = Port { scope: scope.clone(), messages: PhantomData };
    let handler = RefCell::new(start(port.clone()));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        match decode::<In>(&event.data().as_string().unwrap_or_default()) {
            Ok(message) => (handler.borrow_mut())(message),
            Err(error) => web_sys::console::error_1(&format!("no message: {error}").into()),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget(); // as long as the worker lives
    port.post_text(&encode(&FromWorker::<Out>::Ready));
}
