//! Installs what a command needs and the machine lacks: the wasm target, the browser, the node packages, our own tools.
//!
//! Serves the other commands and `cargo xtask setup`. Doing it twice costs nothing, and nothing asks a question.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{Result, WASM, cargo, has, root, run, target_dir};

/// The folder of the end-to-end tests.
pub fn end_to_end_dir() -> PathBuf {
    root().join("tests/e2e")
}

/// The wasm target of the active Rust toolchain.
pub fn wasm_target() -> Result<()> {
    let out =
        Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]).current_dir(root()).output()?;
    if Path::new(String::from_utf8(out.stdout)?.trim()).is_dir() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    run("rustup target", rustup.args(["target", "add", WASM]).current_dir(root()))
}

/// Playwright and axe-core, for the end-to-end tests.
pub fn node_packages() -> Result<()> {
    let dir = end_to_end_dir();
    let changed = |file: &str| fs::metadata(dir.join(file)).and_then(|meta| meta.modified());
    let installed = changed("node_modules/.package-lock.json");
    let wanted = changed("package-lock.json");
    if let (Ok(installed), Ok(wanted)) = (installed, wanted)
        && installed >= wanted
    {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    run("npm ci", npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(dir))
}

/// Chromium and its driver, by Debian's package manager where they are not on PATH.
pub fn browser() -> Result<()> {
    if has("chromium") && has("chromedriver") {
        return Ok(());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    let apt_get = |args: &[&str]| {
        let mut command = if is_root {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        };
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q").args(args);
        run("apt-get", &mut command)
    };
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "chromium", "chromium-driver"])
}

/// Builds binaries of the `tools` package.
pub fn tools(args: &[&str]) -> Result<()> {
    let mut command = cargo(&["build", "--quiet", "--locked", "--profile", "xtask"]);
    run("tools", command.args(["--package", "tools"]).args(args))
}

/// Builds the pinned tools of the browser tests; gives the folder that holds them under the names wasm-pack looks for.
pub fn test_tools() -> Result<PathBuf> {
    tools(&["--features", "test"])?;
    let dir = target_dir().join("xtask-bin");
    fs::create_dir_all(&dir)?;
    for name in ["wasm-bindgen", "wasm-bindgen-test-runner", "wasm-pack"] {
        let link = dir.join(name);
        if link.exists() {
            fs::remove_file(&link)?;
        }
        fs::hard_link(target_dir().join("xtask/test-tools"), link)?;
    }
    Ok(dir)
}
