//! Paths and directories on a host's disk. Serves shell and tools; invariant: the disk knows only files, a directory is a prefix
//! of their names (an empty one is kept by a marker), and no path leaves the root.

use ottla_world::Disk;

/// The file that keeps an empty directory.
const MARKER: &str = ".";

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
