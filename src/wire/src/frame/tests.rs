//! Frames there and back in all versions, and frames that nobody should send.

use bytes::Bytes;
use kafka_protocol::messages::*;
use proptest::prelude::*;

use super::list::with_every_api;
use super::samples;
use super::*;

macro_rules! define_defaults {
    ($($variant:ident $request:ident $response:ident;)*) => {
        fn every_api() -> Vec<(ApiKey, RequestKind, ResponseKind)> {
            vec![$((
                ApiKey::$variant,
                RequestKind::$variant($request::default()),
                ResponseKind::$variant($response::default()),
            )),*]
        }
    };
}

with_every_api!(define_defaults);

/// All sample frames: of requests, and of responses with their API and version.
fn frames() -> (Vec<Bytes>, Vec<(ApiKey, i16, Bytes)>) {
    let mut requests = Vec::new();
    for (body, first, last) in samples::requests() {
        for version in first..=last {
            requests.push(encode_request(version, 7, Some("tests"), &body).unwrap());
        }
    }
    let mut responses = Vec::new();
    for (body, first, last) in samples::responses() {
        for version in first..=last {
            let frame = encode_response(version, 7, &body).unwrap();
            responses.push((response_api_key(&body), version, frame));
        }
    }
    (requests, responses)
}

#[test]
fn empty_messages_of_every_api_and_version_come_back() {
    for (api_key, request, response) in every_api() {
        let (first, last) = codec_versions(api_key);
        assert!(first <= last, "{api_key:?}");
        for version in first..=last {
            let frame = encode_request(version, -5, None, &request).unwrap();
            assert_eq!(peek_api(&frame), Some((api_key as i16, version, -5)));
            let read = decode_request(&frame).unwrap();
            assert_eq!((read.api_key, read.version, read.correlation_id), (api_key, version, -5));
            assert_eq!((read.client_id, read.size_bytes), (None, frame.len() as u64));
            assert_eq!(encode_request(version, -5, None, &read.body).unwrap(), frame);

            let frame = encode_response(version, 9, &response).unwrap();
            assert_eq!(peek_correlation_id(&frame), Some(9));
            let (correlation_id, read) = decode_response(api_key, version, &frame).unwrap();
            assert_eq!(correlation_id, 9);
            assert_eq!(encode_response(version, 9, &read).unwrap(), frame);
        }
    }
}

#[test]
fn samples_come_back_equal() {
    for (body, first, last) in samples::requests() {
        for version in first..=last {
            let frame = encode_request(version, 1, Some("console-producer"), &body).unwrap();
            let read = decode_request(&frame).unwrap();
            assert_eq!(read.client_id.as_deref(), Some("console-producer"));
            assert_eq!(read.body, body, "version {version}");
        }
    }
    for (body, first, last) in samples::responses() {
        for version in first..=last {
            let frame = encode_response(version, 1, &body).unwrap();
            let read = decode_response(response_api_key(&body), version, &frame).unwrap();
            assert_eq!(read, (1, body.clone()), "version {version}");
        }
    }
}

#[test]
fn known_bytes() {
    let request = RequestKind::ApiVersions(ApiVersionsRequest::default());
    let frame = encode_request(0, 3, Some("ab"), &request).unwrap();
    assert_eq!(&frame[..], [0, 18, 0, 0, 0, 0, 0, 3, 0, 2, b'a', b'b']);
    let frame = encode_request(3, 3, None, &request).unwrap();
    assert_eq!(&frame[..], [0, 18, 0, 3, 0, 0, 0, 3, 255, 255, 0, 1, 1, 0]);
    // The header of an ApiVersions response never has tagged fields, that of other flexible responses has.
    let response = ResponseKind::ApiVersions(ApiVersionsResponse::default());
    assert_eq!(&encode_response(3, 3, &response).unwrap()[..6], [0, 0, 0, 3, 0, 0]);
    let response = ResponseKind::Heartbeat(HeartbeatResponse::default());
    assert_eq!(&encode_response(4, 3, &response).unwrap()[..], [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn unsupported_versions_are_told_apart() {
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 3, 1, 2, 3]);
    let error = WireError::UnsupportedVersion { api_key: 18, version: 99, correlation_id: 3 };
    assert_eq!(decode_request(&frame), Err(error));
    let frame = Bytes::from_static(&[3, 231, 0, 0, 0, 0, 0, 3]);
    assert_eq!(decode_request(&frame), Err(WireError::UnknownApi { api_key: 999, version: 0, correlation_id: 3 }));
    assert_eq!(decode_request(&Bytes::from_static(&[0; 7])), Err(WireError::TruncatedHeader { size_bytes: 7 }));
    let lacks = RequestKind::Fetch(FetchRequest::default());
    assert!(matches!(encode_request(99, 0, None, &lacks), Err(WireError::Encode { version: 99, .. })));
}

#[test]
fn the_answer_to_an_unknown_version_of_api_versions_is_read() {
    let known = api_versions_response::ApiVersion::default().with_api_key(18).with_max_version(4);
    let answer = ApiVersionsResponse::default().with_error_code(35).with_api_keys(vec![known]);
    let frame = encode_response(0, 1, &answer.clone().into()).unwrap();
    assert_eq!(decode_response(ApiKey::ApiVersions, 4, &frame), Ok((1, answer.into())));
}

#[test]
fn every_truncation_and_every_extension_is_refused() {
    let (requests, responses) = frames();
    for frame in requests {
        for size in 0..frame.len() {
            assert!(decode_request(&frame.slice(..size)).is_err());
        }
        let longer = Bytes::from([&frame[..], &[0]].concat());
        assert!(matches!(decode_request(&longer), Err(WireError::TrailingBytes { left_bytes: 1, .. })));
    }
    for (api_key, version, frame) in responses {
        for size in 0..frame.len() {
            assert!(decode_response(api_key, version, &frame.slice(..size)).is_err());
        }
    }
}

#[test]
fn array_lengths_beyond_the_frame_are_refused() {
    // Metadata v1 and v9: nothing but the length of the topics' array, as INT32 and as varint.
    for length in [i32::MAX, 1 << 20, 2000, 1] {
        let header = [0, 3, 0, 1, 0, 0, 0, 3, 255, 255];
        let frame = Bytes::from([&header[..], &length.to_be_bytes()].concat());
        assert!(matches!(decode_request(&frame), Err(WireError::Malformed { .. })), "{length}");
    }
    for length in [&[255, 255, 255, 255, 15][..], &[128, 128, 64], &[128, 15], &[2]] {
        let header = [0, 3, 0, 9, 0, 0, 0, 3, 255, 255, 0];
        let frame = Bytes::from([&header[..], length].concat());
        assert!(matches!(decode_request(&frame), Err(WireError::Malformed { .. })), "{length:?}");
    }
}

#[test]
fn splitter_cuts_where_frames_end() {
    let mut stream = Vec::new();
    for frame in ["one", "", "three"] {
        stream.extend_from_slice(&length_prefixed(&Bytes::from_static(frame.as_bytes())));
    }
    for step in 1..=stream.len() {
        let mut splitter = FrameSplitter::new();
        let mut frames = Vec::new();
        for part in stream.chunks(step) {
            splitter.push(part);
            while let Some(frame) = splitter.next().unwrap() {
                frames.push(frame);
            }
        }
        assert_eq!(frames, ["one", "", "three"]);
    }
    for size in [-1, MAX_FRAME_BYTES + 1] {
        let mut splitter = FrameSplitter::new();
        splitter.push(&i32::to_be_bytes(size));
        assert!(matches!(splitter.next(), Err(WireError::InvalidFrameSize { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic(api in 0..every_api().len(), step in 0i16..20, body: Vec<u8>) {
        let api_key = every_api()[api].0;
        let (first, last) = codec_versions(api_key);
        let version = first + step % (last - first + 1);
        let header = [(api_key as i16).to_be_bytes(), version.to_be_bytes()].concat();
        let _ = decode_request(&Bytes::from([header, body.clone()].concat()));
        let _ = decode_request(&Bytes::from(body.clone()));
        let _ = decode_response(api_key, version, &Bytes::from(body));
    }

    #[test]
    fn mutated_frames_never_panic(pick: prop::sample::Index, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (requests, responses) = frames();
        let mutate = |frame: &Bytes| {
            let mut bytes = frame.to_vec();
            for (index, byte) in &edits {
                let index = index.index(bytes.len());
                bytes[index] = *byte;
            }
            Bytes::from(bytes)
        };
        let _ = decode_request(&mutate(pick.get(&requests)));
        let (api_key, version, frame) = pick.get(&responses);
        let _ = decode_response(*api_key, *version, &mutate(frame));
    }
}
