//! The project's own commands: `cargo xtask serve`, `cargo xtask test` and their parts.
//!
//! It serves whoever works on the project, and the continuous integration. It keeps one promise: a fresh clone
//! needs nothing but cargo (and npm for the end-to-end tests); what else is missing is installed when a command needs it.
mod process;
mod server;
mod setup;
mod site;
mod steps;
mod tidy;

use std::{env, process::ExitCode};

use process::{Result, parallel, root};

const USAGE: &str = "\
cargo xtask serve [ADDR]   build the site and serve it (127.0.0.1:8080)
cargo xtask build          build the site into dist/
cargo xtask test           everything that must hold before a change is merged
cargo xtask test-native    formatting, clippy and the native tests
cargo xtask test-wasm      the root package, in headless Chromium, by wasm-pack
cargo xtask bench-wasm     the same as optimized as the page, with figures of speed
cargo xtask test-e2e       the built site, in headless Chromium, by Playwright
cargo xtask tidy           the rules of the house: sizes, docs, directions between crates
cargo xtask setup          only install what is missing
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("setup") => {
            parallel(vec![Box::new(setup::wasm_target), Box::new(setup::node_packages), Box::new(setup::browser)])
        }
        Some("build") => site::build().map(drop),
        Some("serve") => {
            let address = args.get(1).map_or("127.0.0.1:8080", String::as_str);
            Ok(server::serve(site::build()?, address)?)
        }
        Some("test") => steps::everything(),
        Some("test-native") => steps::native(),
        Some("test-wasm") => steps::wasm(&[]),
        Some("bench-wasm") => steps::wasm(&["--release"]),
        Some("test-e2e") => steps::end_to_end(),
        Some("tidy") => tidy::command(&root()),
        _ => Err(USAGE.into()),
    }
}
