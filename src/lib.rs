//! The page's own machinery: what the browser offers (workers, IndexedDB, locks), as small typed modules.
//!
//! It serves the window and the worker that `src/main.rs` starts, and knows nothing of Kafka. What needs a browser exists in
//! the wasm build only; the rest is tested natively.

#[cfg(target_arch = "wasm32")]
pub mod client;
pub mod engine;
#[cfg(target_arch = "wasm32")]
pub mod host;
pub mod message;
#[cfg(target_arch = "wasm32")]
pub mod page;
pub mod store;
#[cfg(target_arch = "wasm32")]
pub mod tab_lock;
#[cfg(target_arch = "wasm32")]
pub mod worker;

/// Starts the page in a window, the engine in a dedicated worker.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    console_error_panic_hook::set_once();
    if web_sys::window().is_some() {
        page::start();
    } else {
        host::start();
    }
}
