//! `ls`, `rm`, `cp`, `mv`, `mkdir`, `touch`: the files of the host. Serves the shell; invariant: a name that is not there is an
//! error in the original's words.

use super::{io::Io, once::args};
use crate::{
    calendar::DateTime,
    files::{Files, is_directory, make_directory, resolve},
    program::Invocation,
};

const MISSING: &str = "No such file or directory";

/// `ls`.
pub fn ls(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let args = match args(io, invocation, "la1hrtR", "") {
        Ok(args) => args,
        Err(code) => return code,
    };
    let mut names = args.operands.clone();
    if names.is_empty() {
        names.push(".".to_owned());
    }
    let mut code = 0;
    let many = names.len() > 1;
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for name in names {
        let path = resolve(&invocation.cwd, &name);
        let disks = Files::of(io.cx);
        if disks.exists(&path) {
            files.push((name, path));
        } else if disks.is_directory(&path) || path == resolve(&invocation.cwd, ".") {
            directories.push((name, path));
        } else {
            io.error(format!("cannot access '{name}': {MISSING}"));
            code = 2;
        }
    }
    let long = args.has('l');
    let mut begun = !files.is_empty();
    files.into_iter().for_each(|(name, path)| entry(io, &name, &path, false, long));
    for (name, path) in directories {
        if many {
            if begun {
                io.line("");
            }
            io.line(format!("{name}:"));
        }
        begun = true;
        let disks = Files::of(io.cx);
        let mut inside = disks.entries(&path);
        if args.operands.is_empty() {
            // The nodes' directories are shown to those who ask for the root, not beside one's own files.
            inside.retain(|(file, _)| !(path.is_empty() && disks.is_foreign(file)));
        }
        for (file, directory) in inside {
            let full = resolve(&format!("/{path}"), &file);
            entry(io, &file, &full, directory, long);
        }
    }
    code
}

fn entry(io: &mut Io<'_, '_>, name: &str, path: &str, directory: bool, long: bool) {
    if !long {
        return io.line(name);
    }
    let bytes = if directory { 4096 } else { Files::of(io.cx).len(path).unwrap_or(0) };
    let now = DateTime::from_millis(io.cx.wall_ms()).format("%b %e %H:%M");
    let mode = if directory { "drwxr-xr-x 2" } else { "-rw-r--r-- 1" };
    io.line(format!("{mode} ottla ottla {bytes:>8} {now} {name}"));
}

/// `rm`.
pub fn rm(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let args = match args(io, invocation, "rRfv", "") {
        Ok(args) => args,
        Err(code) => return code,
    };
    let mut code = 0;
    for name in &args.operands {
        let path = resolve(&invocation.cwd, name);
        if io.cx.disk().remove(&path) {
            continue;
        }
        if path.is_empty() || !is_directory(io.cx.disk(), &path) {
            if !args.has('f') {
                io.error(format!("cannot remove '{name}': {MISSING}"));
                code = 1;
            }
        } else if args.has('r') || args.has('R') {
            io.cx.disk().remove_all(&format!("{path}/"));
        } else {
            io.error(format!("cannot remove '{name}': Is a directory"));
            code = 1;
        }
    }
    code
}

/// Source and target of `cp` and `mv`, as names on the disk.
fn two_paths(io: &mut Io<'_, '_>, invocation: &Invocation, verb: &str) -> Option<(String, String)> {
    let operands: Vec<&String> = invocation.args.iter().filter(|a| !a.starts_with('-')).collect();
    let [from, to] = operands.as_slice() else {
        io.error(if operands.is_empty() { "missing file operand" } else { "expected two file operands" });
        return None;
    };
    let source = resolve(&invocation.cwd, from);
    let mut target = resolve(&invocation.cwd, to);
    if !Files::of(io.cx).exists(&source) {
        io.error(format!("cannot {verb} '{from}': {MISSING}"));
        return None;
    }
    if is_directory(io.cx.disk(), &target) {
        target = resolve(&format!("/{target}"), source.rsplit('/').next().unwrap_or(&source));
    }
    Some((source, target))
}

/// `cp`.
pub fn cp(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let Some((from, to)) = two_paths(io, invocation, "stat") else { return 1 };
    let data = Files::of(io.cx).read_all(&from).unwrap_or_default();
    match io.cx.disk().replace(&to, &data) {
        Ok(()) => 0,
        Err(error) => {
            io.error(error.to_string());
            1
        }
    }
}

/// `mv`.
pub fn mv(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let Some((from, to)) = two_paths(io, invocation, "stat") else { return 1 };
    match io.cx.disk().rename(&from, &to) {
        Ok(()) => 0,
        Err(error) => {
            io.error(error.to_string());
            1
        }
    }
}

/// `mkdir`.
pub fn mkdir(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    let args = match args(io, invocation, "p", "") {
        Ok(args) => args,
        Err(code) => return code,
    };
    let mut code = 0;
    for name in &args.operands {
        let path = resolve(&invocation.cwd, name);
        if io.cx.disk().exists(&path) || is_directory(io.cx.disk(), &path) {
            if !args.has('p') {
                io.error(format!("cannot create directory '{name}': File exists"));
                code = 1;
            }
            continue;
        }
        make_directory(io.cx.disk(), &path);
    }
    code
}

/// `touch`.
pub fn touch(io: &mut Io<'_, '_>, invocation: &Invocation) -> u8 {
    for name in invocation.args.iter().filter(|a| !a.starts_with('-')) {
        let path = resolve(&invocation.cwd, name);
        if let Err(error) = io.cx.disk().append(&path, b"") {
            io.error(error.to_string());
            return 1;
        }
    }
    0
}
