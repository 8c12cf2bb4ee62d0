//! Raft's messages over the wire and back.

use super::*;
use crate::raft::{
    EpochAndOffset, FetchRequest, FetchSnapshotRequest, FetchedData, RaftError, RaftRequest, RaftResponse,
    ResponseBody, SnapshotChunk, VoteRequest,
};
use ottla_wire::{ApiKey, decode_request, decode_response, encode_request, encode_response, request_api_key};

fn requests() -> Vec<RaftRequest> {
    let vote = VoteRequest { epoch: 3, candidate_id: 12, last_epoch: 2, last_offset: 40, pre_vote: true };
    let fetch = FetchRequest {
        replica_id: 1,
        epoch: 3,
        offset: 7,
        last_fetched_epoch: 2,
        high_watermark: 5,
        max_bytes: 100,
        max_wait_ms: 500,
    };
    vec![
        RaftRequest::Vote(vote),
        RaftRequest::BeginQuorumEpoch { epoch: 3, leader_id: 12 },
        RaftRequest::EndQuorumEpoch { epoch: 3, leader_id: 12, preferred_successors: vec![13, 11] },
        RaftRequest::FetchSnapshot(FetchSnapshotRequest {
            replica_id: 1,
            epoch: 3,
            id: EpochAndOffset { epoch: 2, offset: 50 },
            position: 12,
            max_bytes: 100,
        }),
        RaftRequest::Fetch(fetch),
    ]
}

#[test]
fn requests_travel() {
    for request in requests() {
        let kind = raft_request_kind(&request, 11, "cluster", METADATA_TOPIC_ID);
        let frame = encode_request(raft_version(&request), 9, Some("raft-client-12"), &kind).unwrap();
        let inbound = raft_request_from(&decode_request(&frame).unwrap().body).unwrap();
        assert_eq!(inbound.request, request);
        assert_eq!(inbound.cluster_id.as_deref(), Some("cluster"));
    }
}

#[test]
fn responses_travel() {
    let fetched = |diverging, high_watermark| {
        let records = b"whatever"[..].into();
        let snapshot = (high_watermark == 13).then_some(EpochAndOffset { epoch: 1, offset: 9 });
        ResponseBody::Fetch(FetchedData { high_watermark, diverging, snapshot, records })
    };
    let chunk = SnapshotChunk {
        id: EpochAndOffset { epoch: 1, offset: 9 },
        size_bytes: 20,
        position: 12,
        bytes: b"whatever"[..].into(),
    };
    let bodies = [
        (ApiKey::Vote, 2, ResponseBody::Vote { granted: true }),
        (ApiKey::BeginQuorumEpoch, 1, ResponseBody::BeginQuorumEpoch),
        (ApiKey::EndQuorumEpoch, 1, ResponseBody::EndQuorumEpoch),
        (ApiKey::Fetch, 18, fetched(None, 12)),
        (ApiKey::Fetch, 18, fetched(Some((2, 5)), -1)),
        (ApiKey::Fetch, 18, fetched(None, 13)),
        (ApiKey::FetchSnapshot, 1, ResponseBody::FetchSnapshot(chunk)),
    ];
    let errors = [RaftError::None, RaftError::FencedLeaderEpoch, RaftError::SnapshotNotFound];
    for (api_key, version, body) in bodies {
        for error in errors {
            for leader_id in [None, Some(13)] {
                let response = RaftResponse { error, epoch: 4, leader_id, body: body.clone() };
                let kind = raft_response_kind(&response, &[(13, 9194)]);
                let frame = encode_response(version, 9, &kind).unwrap();
                let (_, back) = decode_response(api_key, version, &frame).unwrap();
                assert_eq!(raft_response_from(back), Some(response));
            }
        }
    }
}

#[test]
fn a_request_about_another_topic_is_none() {
    let fetch = requests().pop().unwrap();
    let mut kind = raft_request_kind(&fetch, 11, "cluster", METADATA_TOPIC_ID);
    if let ottla_wire::RequestKind::Fetch(fetch) = &mut kind {
        fetch.topics[0].topic_id = ottla_wire::Uuid::from_u128(2);
    }
    assert_eq!(request_api_key(&kind), ApiKey::Fetch);
    assert_eq!(raft_request_from(&kind), None);
}

#[test]
fn quiet_fetches_are_the_bytes_of_the_general_codec() {
    let RaftRequest::Fetch(plain) = requests().pop().unwrap() else { panic!("the last one is a fetch") };
    for (high_watermark, directory) in [(5, METADATA_TOPIC_ID), (-1, Uuid::nil()), (i64::MAX, Uuid::from_u128(7))] {
        let request = FetchRequest { high_watermark, ..plain };
        let kind = raft_request_kind(&RaftRequest::Fetch(request), 11, "cluster", directory);
        let frame = encode_request(18, 9, Some("raft-client-12"), &kind).unwrap();
        assert_eq!(write_fetch_request(&request, (9, "raft-client-12"), "cluster", directory).unwrap(), frame);
        assert_eq!(read_fetch_request(&frame, "cluster"), Some((9, request, directory)));
        assert_eq!(read_fetch_request(&frame, "another"), None);
        for cut in 0..frame.len() {
            assert_eq!(read_fetch_request(&frame[..cut], "cluster"), None);
        }
    }
}

#[test]
fn quiet_answers_are_the_bytes_of_the_general_codec() {
    let id = EpochAndOffset { epoch: 2, offset: 5 };
    for (records, diverging, snapshot, error) in [
        (vec![], None, None, RaftError::None),
        (vec![7; 300], None, None, RaftError::None),
        (vec![], Some((2, 5)), None, RaftError::None),
        (vec![], None, Some(id), RaftError::None),
        (vec![], None, None, RaftError::FencedLeaderEpoch),
    ] {
        let body =
            ResponseBody::Fetch(FetchedData { high_watermark: 12, diverging, snapshot, records: records.into() });
        let response = RaftResponse { error, epoch: 4, leader_id: Some(13), body };
        let frame = encode_response(18, 9, &raft_response_kind(&response, &[(13, 9194)])).unwrap();
        let quiet = diverging.is_none() && snapshot.is_none() && error == RaftError::None;
        assert_eq!(write_fetch_response(9, &response, &[(13, 9194)]), quiet.then(|| frame.clone()));
        assert_eq!(read_fetch_response(&frame), quiet.then_some((9, response)));
        for cut in 0..frame.len() {
            assert_eq!(read_fetch_response(&frame.slice(..cut)), None);
        }
    }
}
