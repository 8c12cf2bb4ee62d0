//! The one wasm module of the site.
fn main() {}
