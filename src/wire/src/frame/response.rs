//! Responses: header and body to a frame, and a frame to correlation id and body.
//!
//! Serves servers (encode) and clients (decode). A response does not say what it answers: the reader has to know the
//! API and version of its request. ApiVersions responses always have header version 0 (KIP-511).

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, Request as ProtocolRequest};

use super::WireError;
use super::guard::{Decoded, Guard, decode_bounded};
use super::list::with_every_api;
use super::request::codec_versions;
use crate::error_code::ErrorCode;

/// Writes the response to a request of type `R`.
///
/// # Errors
/// [`WireError::Encode`] if the version lacks a field that is set, or does not exist.
pub fn encode_response_message<R: ProtocolRequest>(
    version: i16,
    correlation_id: i32,
    body: &R::Response,
) -> Result<Bytes, WireError> {
    let fail = |reason: String| WireError::Encode { api_key: R::KEY, version, reason };
    let api_key = ApiKey::try_from(R::KEY).map_err(|()| fail("unknown API".to_owned()))?;
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    let mut bytes = BytesMut::new();
    header.encode(&mut bytes, api_key.response_header_version(version)).map_err(|error| fail(error.to_string()))?;
    body.encode(&mut bytes, version).map_err(|error| fail(error.to_string()))?;
    Ok(bytes.freeze())
}

/// The error code behind the correlation id of such an answer, as bytes.
const UNSUPPORTED_VERSION: [u8; 2] = (ErrorCode::UnsupportedVersion as i16).to_be_bytes();

/// The correlation id of a response, unless the frame is too short to have one.
pub fn peek_correlation_id(frame: &Bytes) -> Option<i32> {
    Some(i32::from_be_bytes(*frame.first_chunk::<4>()?))
}

/// Reads the response to a request of this API and version: its correlation id and body.
///
/// A server that does not know the version of an ApiVersions request answers in version 0 (KIP-511): an answer with
/// UNSUPPORTED_VERSION that cannot be read in the version asked for is read in version 0.
///
/// # Errors
/// Every [`WireError`] but those of sizes and of encoding. Bytes after the message are an error.
pub fn decode_response(api_key: ApiKey, version: i16, frame: &Bytes) -> Result<(i32, ResponseKind), WireError> {
    match decode_as_asked(api_key, version, frame) {
        Err(WireError::Malformed { .. } | WireError::TrailingBytes { .. })
            if api_key == ApiKey::ApiVersions && frame.get(4..6) == Some(&UNSUPPORTED_VERSION) =>
        {
            decode_as_asked(api_key, 0, frame)
        }
        answer => answer,
    }
}

fn decode_as_asked(api_key: ApiKey, version: i16, frame: &Bytes) -> Result<(i32, ResponseKind), WireError> {
    let key = api_key as i16;
    let size_bytes = frame.len() as u64;
    let correlation_id = peek_correlation_id(frame).ok_or(WireError::TruncatedHeader { size_bytes })?;
    let range = codec_versions(api_key);
    if version < range.0 || version > range.1 {
        return Err(WireError::UnsupportedVersion { api_key: key, version, correlation_id });
    }
    let header_version = api_key.response_header_version(version);
    let read = |guard: &mut Guard| {
        ResponseHeader::decode(guard, header_version).map_err(|error| error.to_string())?;
        decode_body(api_key, guard, version)
    };
    let (body, left_bytes) =
        decode_bounded(frame, read).map_err(|reason| WireError::Malformed { api_key: key, version, reason })?;
    if left_bytes > 0 {
        return Err(WireError::TrailingBytes { api_key: key, version, left_bytes });
    }
    Ok((correlation_id, body))
}

macro_rules! define_dispatch {
    ($($variant:ident $request:ident $response:ident;)*) => {
        /// Writes a response of any type.
        ///
        /// # Errors
        /// [`WireError::Encode`] if the version lacks a field that is set, or does not exist.
        pub fn encode_response(version: i16, correlation_id: i32, body: &ResponseKind) -> Result<Bytes, WireError> {
            match body {
                $(ResponseKind::$variant(body) => {
                    encode_response_message::<$request>(version, correlation_id, body)
                })*
                _ => unreachable!("the list of APIs is complete"),
            }
        }

        /// The API of a response.
        pub fn response_api_key(body: &ResponseKind) -> ApiKey {
            match body {
                $(ResponseKind::$variant(_) => ApiKey::$variant,)*
                _ => unreachable!("the list of APIs is complete"),
            }
        }

        fn decode_body(api_key: ApiKey, guard: &mut Guard, version: i16) -> Decoded<ResponseKind> {
            Ok(match api_key {
                $(ApiKey::$variant => ResponseKind::$variant($response::decode(guard, version).map_err(|error| error.to_string())?),)*
            })
        }
    };
}

with_every_api!(define_dispatch);
