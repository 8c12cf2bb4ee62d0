//! Requests: header and body to a frame, and a frame to header and body.
//!
//! Serves clients (encode) and servers (decode). The header's version follows from the API and its version (KIP-482).

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, Message, Request as ProtocolRequest};

use super::WireError;
use super::guard::{Decoded, Guard, decode_bounded};
use super::list::with_every_api;
use crate::text::str_bytes;

/// A request as a server reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which API.
    pub api_key: ApiKey,
    /// In which version.
    pub version: i16,
    /// The id that the response has to carry.
    pub correlation_id: i32,
    /// The `client.id`, if the client has one.
    pub client_id: Option<String>,
    /// The request itself.
    pub body: RequestKind,
    /// The size of the frame in bytes, without the length prefix.
    pub size_bytes: u64,
}

/// Writes a request of one type.
///
/// # Errors
/// [`WireError::Encode`] if the version lacks a field that is set, or does not exist.
pub fn encode_message<R: ProtocolRequest>(
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    body: &R,
) -> Result<Bytes, WireError> {
    let fail = |reason: String| WireError::Encode { api_key: R::KEY, version, reason };
    let supported = R::VERSIONS;
    if version < supported.min || version > supported.max {
        return Err(fail(format!("the API has versions {supported}")));
    }
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(client_id.map(str_bytes));
    let mut bytes = BytesMut::new();
    header.encode(&mut bytes, R::header_version(version)).map_err(|error| fail(error.to_string()))?;
    body.encode(&mut bytes, version).map_err(|error| fail(error.to_string()))?;
    Ok(bytes.freeze())
}

/// The API key, version and correlation id of a request, unless the frame is too short to have them.
pub fn peek_api(frame: &Bytes) -> Option<(i16, i16, i32)> {
    let api_key = i16::from_be_bytes(*frame.first_chunk::<2>()?);
    let version = i16::from_be_bytes(*frame.get(2..)?.first_chunk::<2>()?);
    let correlation_id = i32::from_be_bytes(*frame.get(4..)?.first_chunk::<4>()?);
    Some((api_key, version, correlation_id))
}

/// Reads a request.
///
/// # Errors
/// Every [`WireError`] but those of sizes and of encoding. Bytes after the message are an error.
pub fn decode_request(frame: &Bytes) -> Result<Request, WireError> {
    let size_bytes = frame.len() as u64;
    let (key, version, correlation_id) = peek_api(frame).ok_or(WireError::TruncatedHeader { size_bytes })?;
    let api_key =
        ApiKey::try_from(key).map_err(|()| WireError::UnknownApi { api_key: key, version, correlation_id })?;
    let range = codec_versions(api_key);
    if version < range.0 || version > range.1 {
        return Err(WireError::UnsupportedVersion { api_key: key, version, correlation_id });
    }
    let header_version = api_key.request_header_version(version);
    let read = |guard: &mut Guard| {
        let header = RequestHeader::decode(guard, header_version).map_err(|error| error.to_string())?;
        Ok((header, decode_body(api_key, guard, version)?))
    };
    let ((header, body), left_bytes) =
        decode_bounded(frame, read).map_err(|reason| WireError::Malformed { api_key: key, version, reason })?;
    if left_bytes > 0 {
        return Err(WireError::TrailingBytes { api_key: key, version, left_bytes });
    }
    let client_id = header.client_id.map(|id| id.to_string());
    Ok(Request { api_key, version, correlation_id, client_id, body, size_bytes })
}

macro_rules! define_dispatch {
    ($($variant:ident $request:ident $response:ident;)*) => {
        /// Writes a request of any type.
        ///
        /// # Errors
        /// [`WireError::Encode`] if the version lacks a field that is set, or does not exist.
        pub fn encode_request(
            version: i16,
            correlation_id: i32,
            client_id: Option<&str>,
            body: &RequestKind,
        ) -> Result<Bytes, WireError> {
            match body {
                $(RequestKind::$variant(body) => encode_message(version, correlation_id, client_id, body),)*
                _ => unreachable!("the list of APIs is complete"),
            }
        }

        /// The API of a request.
        pub fn request_api_key(body: &RequestKind) -> ApiKey {
            match body {
                $(RequestKind::$variant(_) => ApiKey::$variant,)*
                _ => unreachable!("the list of APIs is complete"),
            }
        }

        /// Kafka's name of an API.
        pub(crate) fn variant_name(api_key: ApiKey) -> &'static str {
            match api_key {
                $(ApiKey::$variant => stringify!($variant),)*
            }
        }

        /// The versions of an API, first and last, that the codec can read and write, request and response.
        pub fn codec_versions(api_key: ApiKey) -> (i16, i16) {
            let (request, response) = match api_key {
                $(ApiKey::$variant => (<$request as Message>::VERSIONS, <$response as Message>::VERSIONS),)*
            };
            let both = request.intersect(&response);
            (both.min, both.max)
        }

        fn decode_body(api_key: ApiKey, guard: &mut Guard, version: i16) -> Decoded<RequestKind> {
            Ok(match api_key {
                $(ApiKey::$variant => RequestKind::$variant($request::decode(guard, version).map_err(|error| error.to_string())?),)*
            })
        }
    };
}

with_every_api!(define_dispatch);
