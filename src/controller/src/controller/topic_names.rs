//! Names of topics (`Topic.validate`). Serves topic creation; invariant: Kafka's own words for what is wrong.

/// Longest name (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME_LENGTH: usize = 249;

/// What is wrong with a topic's name, if anything.
pub fn topic_name_fault(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fault = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." || name == ".." {
        format!("'{name}' is not allowed")
    } else if name.encode_utf16().count() > MAX_NAME_LENGTH {
        format!("the length of '{name}' is longer than the max allowed length {MAX_NAME_LENGTH}")
    } else if !name.chars().all(allowed) {
        format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
    } else {
        return None;
    };
    Some(format!("Topic name is invalid: {fault}"))
}

/// Whether two names are one in the names of metrics, where `.` becomes `_`.
pub fn collide(a: &str, b: &str) -> bool {
    a != b && a.replace('.', "_") == b.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_in_kafkas_words() {
        let long = "a".repeat(250);
        let cases = [
            ("orders-1.eu_x", None),
            ("", Some("the empty string is not allowed".to_owned())),
            ("..", Some("'..' is not allowed".to_owned())),
            (&long, Some(format!("the length of '{long}' is longer than the max allowed length 249"))),
            (
                "my orders",
                Some(
                    "'my orders' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
                        .to_owned(),
                ),
            ),
        ];
        for (name, fault) in cases {
            assert_eq!(topic_name_fault(name), fault.map(|fault| format!("Topic name is invalid: {fault}")));
        }
        assert!(collide("a.b", "a_b") && !collide("a.b", "a.b") && !collide("a", "b"));
    }
}
