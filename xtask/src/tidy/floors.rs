//! Which crate may use which: arrows point downward only, as the house's plan draws them.
//!
//! Reads each `Cargo.toml` line by line; a crate of ours is a key that starts with `ottla-`.
use super::{Finding, Source};

const KERNEL: &[&str] = &["world", "records", "wire", "log"];
const SERVERS: &[&str] = &["world", "records", "wire", "log", "controller"];
const TERMINAL: &[&str] = &["world", "records", "wire", "log", "client"];
const CLUSTER: &[&str] = &["world", "records", "wire", "log", "controller", "broker", "client", "shell"];
const COURSE: &[&str] = &["lab", "world", "records", "wire", "log"];
const HOST: &[&str] = &["world", "records", "wire", "log", "controller", "broker", "client", "shell", "lab", "lesson"];

/// Each crate (by its folder; the root package: empty) with all that it may use. What is not named may use none of ours.
const MAY_USE: &[(&str, &[&str])] = &[
    ("src/world", &[]),
    ("src/records", &["world"]),
    ("src/wire", &["world", "records"]),
    ("src/log", &["world", "records", "wire"]),
    ("src/controller", KERNEL),
    ("src/broker", SERVERS),
    ("src/client", KERNEL),
    ("src/shell", TERMINAL),
    ("src/lab", CLUSTER),
    ("src/lesson", COURSE),
    ("src/ui", &["lab", "lesson"]),
    ("src/native", HOST),
    ("", &["ui", "lab", "lesson", "world"]),
];

/// The dependencies that point upward.
pub fn check(manifest: &Source) -> Vec<Finding> {
    let folder = manifest.path.trim_end_matches("Cargo.toml");
    let folder = folder.trim_end_matches('/');
    let allowed = MAY_USE.iter().find(|(name, _)| *name == folder).map_or(&[] as &[&str], |(_, allowed)| allowed);
    let mut findings = Vec::new();
    for (index, used) in dependencies(&manifest.text) {
        if !allowed.contains(&used) {
            findings.push(manifest.finding(index + 1, format!("may not use ottla-{used}")));
        }
    }
    findings
}

/// Our own crates in the sections of dependencies, with their lines counted from 0.
fn dependencies(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies") && !section.starts_with("workspace");
            // `[dependencies.ottla-x]` is a dependency by itself.
            if let Some((head, name)) = section.rsplit_once(".ottla-")
                && head.ends_with("dependencies")
                && !head.starts_with("workspace")
            {
                found.push((index, name));
            }
        } else if inside && let Some(rest) = line.strip_prefix("ottla-") {
            let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
            found.push((index, &rest[..end]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upward(path: &str, text: &str) -> Vec<usize> {
        let findings = check(&Source::of(path, text));
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn arrows_point_downward() {
        let uses = |name: &str| format!("[dependencies]\nottla-{name}.workspace = true\n");
        let cases = [
            ("src/broker/Cargo.toml", "controller", true),
            ("src/controller/Cargo.toml", "broker", false),
            ("src/client/Cargo.toml", "broker", false),
            ("src/shell/Cargo.toml", "client", true),
            ("src/shell/Cargo.toml", "broker", false),
            ("src/shell/Cargo.toml", "controller", false),
            ("src/lesson/Cargo.toml", "lab", true),
            ("src/lab/Cargo.toml", "lesson", false),
            ("src/ui/Cargo.toml", "lesson", true),
            ("src/ui/Cargo.toml", "wire", false),
            ("src/new/Cargo.toml", "world", false),
            ("Cargo.toml", "ui", true),
            ("Cargo.toml", "broker", false),
        ];
        for (path, name, fine) in cases {
            assert_eq!(upward(path, &uses(name)).is_empty(), fine, "{path} {name}");
        }
    }

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let path = "src/world/Cargo.toml";
        let texts = [
            "[dev-dependencies]\nottla-lab = { path = \"../lab\" }\n",
            "[target.'cfg(unix)'.dependencies]\nottla-lab = \"1\"\n",
            "\n[dependencies.ottla-lab]\npath = \"../lab\"\n",
        ];
        for text in texts {
            assert_eq!(upward(path, text).len(), 1, "{text}");
        }
        assert_eq!(upward("Cargo.toml", "[workspace.dependencies]\nottla-lab = 1\n"), []);
    }
}
