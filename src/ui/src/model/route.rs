//! Addresses within the page: `#/lesson/acks`, `#/sandbox`. Serves links and the browser's history; invariant: what is
//! written is read back.

/// What the address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// No place in particular: the first lesson.
    Start,
    /// A lesson, by its id.
    Lesson(String),
    /// The lab without a lesson.
    Sandbox,
}

impl Route {
    /// Reads the part of an address from `#` on. What names no place is the start.
    pub fn parse(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_matches('/');
        match path.split_once('/') {
            Some(("lesson", id)) if is_id(id) => Self::Lesson(id.to_owned()),
            None if path == "sandbox" => Self::Sandbox,
            _ => Self::Start,
        }
    }

    /// The address of a lesson, or of the sandbox.
    pub fn hash(lesson: Option<&str>) -> String {
        lesson.map_or_else(|| "#/sandbox".to_owned(), |id| format!("#/lesson/{id}"))
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let table = [
            ("", Route::Start),
            ("#/", Route::Start),
            ("#/lesson/", Route::Start),
            ("#/lesson/a/b", Route::Start),
            ("#/lesson/<b>", Route::Start),
            ("#/sandbox", Route::Sandbox),
            ("#/sandbox/", Route::Sandbox),
            ("#/lesson/broker-dies", Route::Lesson("broker-dies".into())),
        ];
        for (hash, route) in table {
            assert_eq!(Route::parse(hash), route, "{hash}");
        }
        assert_eq!(Route::parse(&Route::hash(None)), Route::Sandbox);
        assert_eq!(Route::parse(&Route::hash(Some("acks"))), Route::Lesson("acks".into()));
    }
}
