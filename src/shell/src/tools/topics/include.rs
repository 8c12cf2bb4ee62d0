//! Which topics a `--topic` means (Kafka's `TopicFilter.IncludeList`). Serves kafka-topics and kafka-get-offsets; invariant: the
//! expression must match the whole name, and commas part alternatives.

use ottla_client::JavaError;
use regex::Regex;

/// Topics Kafka uses for itself.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Whether Kafka uses the topic for itself.
pub fn is_internal(topic: &str) -> bool {
    INTERNAL.contains(&topic)
}

/// Names that match a list of expressions.
#[derive(Clone, Debug)]
pub struct IncludeList(Regex);

impl IncludeList {
    /// A filter from the text on the command line.
    ///
    /// # Errors
    /// `RuntimeException` for what is no expression.
    pub fn new(raw: &str) -> Result<IncludeList, JavaError> {
        let text = raw.trim().replace(',', "|").replace(' ', "");
        let text = text.trim_matches(['"', '\'']);
        let invalid = |_| JavaError::new("java.lang.RuntimeException", format!("{text} is an invalid regex."));
        Regex::new(&format!("^(?:{text})$")).map(IncludeList).map_err(invalid)
    }

    /// Whether the topic is meant.
    pub fn allows(&self, topic: &str, exclude_internal: bool) -> bool {
        self.0.is_match(topic) && !(exclude_internal && is_internal(topic))
    }
}
