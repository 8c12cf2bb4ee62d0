//! Habits of Java's library that reach what Kafka's tools print or where Kafka puts things.
//!
//! Serves the tools (order of topics, UUID text) and the coordinators (partition of a group). Pure functions.

mod hash;
mod uuid_text;

pub use hash::{abs, hash_map_order, partition_for, string_hash};
pub use uuid_text::{UuidTextError, uuid_from_text, uuid_text};
