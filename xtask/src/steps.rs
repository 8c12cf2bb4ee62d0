//! What must hold before a change is merged: one list of steps, in the order in which they run.
//!
//! Serves `cargo xtask test` and the continuous integration. A step whose subject does not exist yet is passed over and
//! said to be; a step that fails ends the run.
use std::{env, process::Command};

use crate::{
    process::{Result, WASM, cargo, parallel, root, run, timed},
    setup, site, tidy,
};

/// One thing that must hold.
struct Step {
    name: &'static str,
    /// A file without which there is nothing to check; empty: always.
    subject: &'static str,
    check: fn() -> Result<()>,
}

/// Needs no browser.
const NATIVE: &[Step] = &[
    Step { name: "formatting", subject: "", check: || run("cargo fmt", &mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "tidy", subject: "", check: || tidy::command(&root()) },
    Step { name: "clippy, native", subject: "", check: clippy_native },
    Step { name: "clippy, wasm", subject: "", check: clippy_wasm },
    Step { name: "native tests", subject: "", check: native_tests },
    Step {
        name: "transcripts",
        subject: "src/native/src/transcript/mod.rs",
        check: || ottla(&["transcript", "check", "tests/transcripts"]),
    },
    Step { name: "lessons", subject: "src/native/src/lesson.rs", check: || ottla(&["lesson", "check", "lessons"]) },
    Step {
        name: "simulation",
        subject: "src/native/src/simulate/mod.rs",
        check: || ottla(&["simulate", "--runs", "20"]),
    },
];

/// In headless Chromium; what they need has been built by then.
const BROWSER: &[Step] = &[
    Step { name: "wasm tests", subject: "tests/browser", check: wasm_tests },
    Step { name: "end-to-end tests", subject: "tests/e2e/package.json", check: end_to_end_tests },
];

/// All steps. What takes long to build is built beside the native steps, in a second lane.
pub fn everything() -> Result<()> {
    timed("everything", || {
        setup::wasm_target()?;
        let builds = || {
            setup::browser()?;
            setup::node_packages()?;
            setup::test_tools()?;
            site::wasm()
        };
        parallel(vec![Box::new(|| all(NATIVE)), Box::new(builds)])?;
        all(BROWSER)
    })
}

/// The steps that need no browser.
pub fn native() -> Result<()> {
    setup::wasm_target()?;
    all(NATIVE)
}

/// The browser tests of the root package; `options` are for wasm-pack.
pub fn wasm(options: &[&str]) -> Result<()> {
    setup::wasm_target()?;
    setup::browser()?;
    wasm_pack_test(options)
}

/// The end-to-end tests of the built site.
pub fn end_to_end() -> Result<()> {
    setup::browser()?;
    setup::node_packages()?;
    site::build()?;
    end_to_end_tests()
}

fn all(steps: &[Step]) -> Result<()> {
    for step in steps {
        if step.subject.is_empty() || root().join(step.subject).exists() {
            (step.check)().map_err(|error| format!("{}: {error}", step.name))?;
        } else {
            eprintln!("--- {}: no {} yet", step.name, step.subject);
        }
    }
    Ok(())
}

fn clippy_native() -> Result<()> {
    let mut command = cargo(&["clippy", "--quiet", "--locked", "--workspace"]);
    command.args(["--exclude", "tools", "--all-targets", "--", "-D", "warnings"]);
    run("clippy, native", &mut command)
}

/// The page and every crate under it. Their tests too, where they run in the browser.
fn clippy_wasm() -> Result<()> {
    let mut command = cargo(&["clippy", "--quiet", "--locked", "--target", WASM]);
    command.args(["--package", "ottla", "--package", "ottla-ui"]);
    command.args(["--package", "ottla-lab", "--package", "ottla-lesson"]);
    run("clippy, wasm", command.args(["--", "-D", "warnings"]))?;
    let mut command = cargo(&["clippy", "--quiet", "--locked", "--target", WASM]);
    command.args(["--package", "ottla", "--all-targets", "--", "-D", "warnings"]);
    run("clippy, wasm tests", &mut command)
}

fn native_tests() -> Result<()> {
    let mut command = cargo(&["test", "--quiet", "--locked", "--workspace"]);
    run("native tests", command.args(["--exclude", "tools"]))
}

/// The profile in which the native host runs the course and the recordings: `dev` is built for the tests anyway; `quick` is
/// worth its own build once the runs take longer than that.
const HOST_PROFILE: &str = "dev";

/// The native host, on the course and the recordings.
fn ottla(args: &[&str]) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--locked", "--profile", HOST_PROFILE, "--package", "ottla-native"]);
    command.args(["--bin", "ottla", "--"]).args(args);
    run(&format!("ottla {}", args.join(" ")), &mut command)
}

fn wasm_tests() -> Result<()> {
    wasm_pack_test(&[])
}

fn wasm_pack_test(options: &[&str]) -> Result<()> {
    let bin = setup::test_tools()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([bin.clone()].into_iter().chain(env::split_paths(&path)))?;
    let mut command = Command::new(bin.join("wasm-pack"));
    command
        .args(["test", "--headless", "--chrome", "."])
        .args(options)
        .arg("--locked")
        .current_dir(root())
        .env("PATH", path)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", root().join("tests/browser/webdriver.json"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60");
    run("wasm tests", &mut command)
}

fn end_to_end_tests() -> Result<()> {
    let dist = site::assemble()?;
    let mut npm = Command::new("npm");
    npm.arg("test").env("DIST", dist).current_dir(setup::end_to_end_dir());
    run("end-to-end tests", &mut npm)
}
