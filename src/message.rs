//! What travels between window and worker: JSON text in an envelope.
//!
//! Serves [`crate::client`] and [`crate::worker`]. JSON, since JavaScript's numbers do not hold every `u64`. The worker says
//! `Ready` before anything else: what is posted to it earlier is lost.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What the worker posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker<T> {
    /// Messages posted from now on are heard.
    Ready,
    /// A message of the engine.
    Message(T),
}

/// The text of a message.
///
/// # Panics
/// The type is not plain data (a map whose keys are no strings).
pub fn encode<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("messages are plain data")
}

/// The message in a text.
///
/// # Errors
/// The text is none: window and worker come from different builds.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_survive() {
        for message in [FromWorker::Ready, FromWorker::Message(u64::MAX)] {
            assert_eq!(decode::<FromWorker<u64>>(&encode(&message)).unwrap(), message);
        }
        assert!(decode::<FromWorker<u64>>("{}").is_err());
    }
}
