//! One tab owns the lab: a named lock of the browser (Web Locks), held until it is dropped, taken over, or the tab ends.
//!
//! Serves the page and the worker. A browser without Web Locks grants everything: it loses the warning, not the lab.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Claim {
    /// It is ours as long as the value lives.
    Granted(TabLock),
    /// Another tab holds it.
    Taken,
}

/// A lock that is held; dropping it lets it go.
#[derive(Debug)]
pub struct TabLock {
    /// Ends the promise for which the browser holds the lock; `None` in a browser without locks.
    release: Option<Function>,
}

impl Drop for TabLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // The promise's own function does not throw.
            drop(release.call0(&JsValue::NULL));
        }
    }
}

/// Asks for the lock `name`. With `take_over` it is taken from the tab that holds it. `on_lost` is called when another tab
/// takes it from this one.
pub async fn claim(name: &str, take_over: bool, on_lost: impl FnOnce() + 'static) -> Claim {
    let Some((locks, request)) = lock_manager() else {
        return Claim::Granted(TabLock { release: None });
    };
    let release: Rc<RefCell<Option<Function>>> = Rc::default();
    let kept = release.clone();
    let mut answer: Option<Function> = None;
    let answered = Promise::new(&mut |resolve, _| answer = Some(resolve));
    let answer = answer.expect("a promise runs its executor at once");
    let said = answer.clone();
    let on_grant = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let granted = !lock.is_null();
        drop(said.call1(&JsValue::NULL, &granted.into()));
        if !granted {
            return JsValue::UNDEFINED;
        }
        Promise::new(&mut |resolve, _| *kept.borrow_mut() = Some(resolve)).into()
    });
    let options = Object::new();
    let option = if take_over { "steal" } else { "ifAvailable" };
    let held = Reflect::set(&options, &option.into(), &true.into())
        .and_then(|_| request.call3(&locks, &name.into(), &options, &on_grant));
    let Ok(held) = held else {
        return Claim::Granted(TabLock { release: None });
    };
    spawn_local(async move {
        // It ends well when the lock is let go, and with an error when it is taken over or could not be asked for.
        if JsFuture::from(held.unchecked_into::<Promise>()).await.is_err() {
            drop(answer.call1(&JsValue::NULL, &true.into()));
            on_lost();
        }
    });
    match JsFuture::from(answered).await {
        Ok(granted) if granted.is_truthy() => Claim::Granted(TabLock { release: release.borrow_mut().take() }),
        _ => Claim::Taken,
    }
}

/// `navigator.locks` and its `request`, in the window and in a worker.
fn lock_manager() -> Option<(JsValue, Function)> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok().filter(|value| value.is_object());
    let navigator = get(&js_sys::global(), "navigator")?;
    let locks = get(&navigator, "locks")?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}
