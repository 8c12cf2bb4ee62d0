//! What the page's machinery does in a window. Natively there is nothing to test here.
#![cfg(target_arch = "wasm32")]

mod common;
mod pump;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
