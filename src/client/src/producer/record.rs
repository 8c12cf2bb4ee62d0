//! What a producer takes and what it answers. Serves the tools; invariant: each record sent is answered by exactly one
//! event.

use crate::JavaError;
use bytes::Bytes;

/// A record to be sent (Kafka's `ProducerRecord`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerRecord {
    /// Where it goes.
    pub topic: String,
    /// The partition, if the caller chooses it.
    pub partition: Option<i32>,
    /// Milliseconds since 1970; the wall clock if `None`.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// Names one call of [`Producer::send`](crate::Producer::send): 0, 1, 2, …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SendId(pub u64);

/// The end of one send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProducerEvent {
    /// The brokers have it (with acks=0: it left).
    Delivered {
        /// Which send.
        send: SendId,
        /// Its topic.
        topic: String,
        /// The partition it went to.
        partition: i32,
        /// Its offset; -1 with acks=0.
        offset: i64,
        /// Its time stamp: the one sent, or the broker's with LogAppendTime.
        timestamp_ms: i64,
    },
    /// It is given up.
    Failed {
        /// Which send.
        send: SendId,
        /// Its topic.
        topic: String,
        /// Bytes of the key, if there was one.
        key_bytes: Option<u64>,
        /// Bytes of the value, if there was one.
        value_bytes: Option<u64>,
        /// Why.
        error: JavaError,
    },
}

impl ProducerEvent {
    /// Which send it ends.
    pub fn send(&self) -> SendId {
        match self {
            ProducerEvent::Delivered { send, .. } | ProducerEvent::Failed { send, .. } => *send,
        }
    }
}
