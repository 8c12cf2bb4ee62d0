//! Listeners on the window. Serves the root component; invariant: a listener ends with its value.

use wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi};
use web_sys::EventTarget;

/// A listener, as long as the value lives.
#[derive(Debug)]
pub struct Listener<E: 'static> {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(E)>,
}

impl<E: FromWasmAbi + 'static> Listener<E> {
    /// Calls `heard` with each event `name` of the target.
    pub fn new(target: EventTarget, name: &'static str, heard: impl FnMut(E) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(E)>::new(heard);
        // A listener can always be added.
        drop(target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()));
        Self { target, name, closure }
    }
}

impl<E: 'static> Drop for Listener<E> {
    fn drop(&mut self) {
        drop(self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref()));
    }
}
