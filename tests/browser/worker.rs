//! What the page's machinery does in a dedicated worker. Natively there is nothing to test here.
#![cfg(target_arch = "wasm32")]

mod common;
mod idle;
mod replay;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
