//! Running other programs: where the project lies, one timed line before and after each of them, two lanes at a time.
//!
//! Serves every other module here. A program that fails is an `Err` that names it; nothing is retried.
use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

/// The result of a command of the project.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A piece of work for [`parallel`].
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// The target of everything that runs in the browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ stands in the root").into()
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether `program` is on PATH.
pub fn has(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|dir| dir.join(program).is_file())
}

/// Cargo with `args`, in the project's folder.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Runs `work` under the name `what`, and prints how long it took.
pub fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    eprintln!("==> {what}");
    let done = work();
    let mark = if done.is_ok() { "<==" } else { "!!!" };
    eprintln!("{mark} {what}: {:.1} s", start.elapsed().as_secs_f32());
    done
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started, or it ends with anything but success.
pub fn run(what: &str, command: &mut Command) -> Result<()> {
    timed(what, || {
        let status = command.status().map_err(|error| format!("{what}: cannot start {command:?}: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("{what}: {command:?}: {status}").into()) }
    })
}

/// Runs the jobs at once and waits for all of them; the first error in their order is the result.
pub fn parallel(jobs: Vec<Job>) -> Result<()> {
    thread::scope(|scope| {
        let handles: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        let ends: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
        ends.into_iter().try_for_each(|end| end.expect("a job panicked"))
    })
}
