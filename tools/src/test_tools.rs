//! Runs the tool that its first argument names, or the name it was started by.
//!
//! Serves `cargo xtask test-wasm`, which links it under each name, since wasm-pack looks for the other two on PATH.
use std::{env, ffi::OsString, path::Path};

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    let mut args: Vec<OsString> = env::args_os().collect();
    let name = |arg: &OsString| {
        let stem = Path::new(arg).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    if args.first().map(name).as_deref() == Some("test-tools") {
        args.remove(0);
    }
    match args.first().map(name).as_deref() {
        Some("wasm-bindgen") => wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args),
        Some("wasm-bindgen-test-runner") => wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args),
        Some("wasm-pack") => wasm_pack::command::run_wasm_pack(wasm_pack::Cli::parse_from(args).cmd),
        _ => anyhow::bail!("test-tools wasm-bindgen|wasm-bindgen-test-runner|wasm-pack ARGS..."),
    }
}
