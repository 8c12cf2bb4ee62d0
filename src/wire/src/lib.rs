//! Kafka protocol messages and framing, API versions, error codes, configuration definitions.
//!
//! This crate is the only door to Kafka's protocol for all others: they use [`messages`] from here and never name
//! the codec crate themselves. It holds no state, reads no clock and never panics on bytes from outside.
//!
//! * [`frame`]: requests and responses to and from the bytes that travel.
//! * [`api`]: which APIs and versions a broker and a controller speak.
//! * [`error_code`]: Kafka's errors by number, name, exception and message.
//! * [`config`]: definitions and validation of configuration keys, with Kafka's own messages.
//! * [`java`]: the few habits of Java's library that reach Kafka's output (hash codes, hash order, UUID text).

pub mod api;
pub mod config;
pub mod error_code;
pub mod frame;
pub mod java;
pub mod schema;
pub mod text;

pub use error_code::ErrorCode;
pub use frame::{
    FrameSplitter, MAX_FRAME_BYTES, Request, WireError, decode_request, decode_response, encode_message,
    encode_request, encode_response, encode_response_message, length_prefixed, peek_api, peek_correlation_id,
    request_api_key, response_api_key,
};
pub use text::{group_id, str_bytes, topic_name, transactional_id};

pub use indexmap;
pub use kafka_protocol::messages;
pub use kafka_protocol::messages::{
    ApiKey, BrokerId, GroupId, ProducerId, RequestKind, ResponseKind, TopicName, TransactionalId,
};
pub use kafka_protocol::protocol;
pub use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes};
pub use uuid;
pub use uuid::Uuid;
