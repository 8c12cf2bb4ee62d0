//! Text of the protocol: from `&str` to the string types of the messages.
//!
//! Serves everyone who builds a message. Each call copies its text once.

use kafka_protocol::messages::{GroupId, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;

/// The text as a protocol string.
pub fn str_bytes(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// The text as the name of a topic.
pub fn topic_name(name: &str) -> TopicName {
    TopicName(str_bytes(name))
}

/// The text as the id of a group.
pub fn group_id(id: &str) -> GroupId {
    GroupId(str_bytes(id))
}

/// The text as a transactional id.
pub fn transactional_id(id: &str) -> TransactionalId {
    TransactionalId(str_bytes(id))
}
