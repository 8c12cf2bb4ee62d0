//! The one wasm module of the site: its `init()` runs `main`, in the window and in the worker.

fn main() {
    #[cfg(target_arch = "wasm32")]
    ottla::start();
}
