//! Frames: a request or a response as the bytes that travel, and back.
//!
//! Inside the virtual network a frame is a `Bytes` *without* Kafka's four-byte length prefix; the TCP host adds and
//! removes it ([`length_prefixed`], [`FrameSplitter`]). Decoding never panics and never reserves more array elements
//! than the frame has bytes for (see `guard.rs`): what it cannot read is a [`WireError`].

mod error;
mod guard;
mod list;
mod request;
mod response;
mod splitter;

pub use error::WireError;
pub(crate) use request::variant_name;
pub use request::{Request, codec_versions, decode_request, encode_message, encode_request, peek_api, request_api_key};
pub use response::{decode_response, encode_response, encode_response_message, peek_correlation_id, response_api_key};
pub use splitter::{FrameSplitter, MAX_FRAME_BYTES, length_prefixed};

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
