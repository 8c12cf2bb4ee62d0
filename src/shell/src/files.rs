//! Paths and directories on a host's disk. Serves shell and tools; invariant: the disk knows only files, a directory is a prefix
//! of their names (an empty one is kept by a marker), and no path leaves the root.

use bytes::Bytes;
use ottla_world::{Context, Disk, OtherDisks};

/// The file that keeps an empty directory.
const MARKER: &str = ".";

/// What the nodes' directories begin with: the name of each is `node-` and the node's id.
const NODE: &str = "node-";

/// The files one can read from a host: its own, and the nodes' directories on the other hosts' disks.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    own: &'a Disk,
    others: OtherDisks<'a>,
}

impl<'a> Files<'a> {
    /// The files a process can read.
    pub fn of(cx: &'a Context<'_>) -> Files<'a> {
        Files { own: cx.own_disk(), others: cx.other_disks() }
    }

    /// The disk a name is on: the host's own, unless another host has that node's directory.
    fn disk(self, name: &str) -> &'a Disk {
        if !name.starts_with(NODE) {
            return self.own;
        }
        let first = name.split('/').next().unwrap_or_default();
        let has = |disk: &&Disk| is_directory(disk, first);
        self.others.iter().find(has).unwrap_or(self.own)
    }

    /// Whether there is a file of this name.
    pub fn exists(self, name: &str) -> bool {
        self.disk(name).exists(name)
    }

    /// Whether the name is a directory.
    pub fn is_directory(self, name: &str) -> bool {
        is_directory(self.disk(name), name)
    }

    /// The length of a file in bytes.
    pub fn len(self, name: &str) -> Option<u64> {
        self.disk(name).len(name)
    }

    /// A whole file.
    pub fn read_all(self, name: &str) -> Option<Bytes> {
        self.disk(name).read_all(name)
    }

    /// A file from an offset on.
    pub fn read_from(self, name: &str, offset: u64) -> Option<Bytes> {
        self.disk(name).read(name, offset, u64::MAX)
    }

    /// The entries of a directory, sorted, each with whether it is a directory. The root has those of the other hosts' nodes too.
    pub fn entries(self, name: &str) -> Vec<(String, bool)> {
        let mut found = entries(self.disk(name), name);
        if name.is_empty() {
            found.extend(self.foreign_directories());
            found.sort();
            found.dedup();
        }
        found
    }

    /// Whether a directory in the root is that of a node on another host.
    pub fn is_foreign(self, name: &str) -> bool {
        name.starts_with(NODE) && self.foreign_directories().any(|(other, _)| other == name)
    }

    fn foreign_directories(self) -> impl Iterator<Item = (String, bool)> {
        let of = |disk: &'a Disk| {
            entries(disk, "").into_iter().filter(|(name, directory)| *directory && name.starts_with(NODE))
        };
        self.others.iter().flat_map(of)
    }
}

/// The name on the disk for a path: relative to `cwd` unless it begins with `/`; `.` and `..` are resolved.
pub fn resolve(cwd: &str, path: &str) -> String {
    let mut names: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => cwd.split('/').filter(|n| !n.is_empty()).collect(),
    };
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

/// Whether the name is a directory: the root, or a prefix of some file.
pub fn is_directory(disk: &Disk, name: &str) -> bool {
    name.is_empty() || disk.list(&format!("{name}/")).next().is_some()
}

/// Makes a directory that stays without files.
pub fn make_directory(disk: &mut Disk, name: &str) {
    // A full or failing disk shows itself at the first file.
    let _ = disk.replace(&format!("{name}/{MARKER}"), b"");
}

/// The entries of a directory, sorted, each with whether it is a directory.
pub fn entries(disk: &Disk, name: &str) -> Vec<(String, bool)> {
    let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
    let mut entries: Vec<(String, bool)> = Vec::new();
    for path in disk.list(&prefix) {
        let rest = &path[prefix.len()..];
        let (entry, directory) = rest.split_once('/').map_or((rest, false), |(first, _)| (first, true));
        if entry != MARKER && entries.last().is_none_or(|(last, _)| last != entry) {
            entries.push((entry.to_owned(), directory));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_directories() {
        assert_eq!(resolve("home/you", "a.txt"), "home/you/a.txt");
        assert_eq!(resolve("/home/you", "../x/./y"), "home/x/y");
        assert_eq!(resolve("home", "/../../etc"), "etc");
        let mut disk = Disk::default();
        disk.append("home/a", b"x").unwrap();
        disk.append("home/b/c", b"x").unwrap();
        make_directory(&mut disk, "home/empty");
        let names: Vec<_> = entries(&disk, "home");
        assert_eq!(names, [("a".into(), false), ("b".into(), true), ("empty".into(), true)]);
        assert!(is_directory(&disk, "home/empty") && entries(&disk, "home/empty").is_empty());
        assert!(!is_directory(&disk, "home/a"));
    }
}
