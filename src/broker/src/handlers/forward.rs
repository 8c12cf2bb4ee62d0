//! Forwarding (`ForwardingManager`): what the controller decides goes to it in an envelope, its answer comes back as it is.
//! Serves admin clients; invariant: the broker changes nothing in request or answer.

use crate::{connections::RequestId, node::Running, uplink::Purpose};
use bytes::Bytes;
use ottla_wire::{
    ApiKey, ErrorCode, Request, RequestKind, ResponseKind,
    messages::{
        AlterClientQuotasResponse, AlterPartitionReassignmentsResponse, CreatePartitionsResponse, CreateTopicsResponse,
        DeleteTopicsResponse, DescribeQuorumResponse, ElectLeadersResponse, EnvelopeRequest, EnvelopeResponse,
        IncrementalAlterConfigsResponse, ListPartitionReassignmentsResponse, UnregisterBrokerResponse,
        UpdateFeaturesResponse, alter_client_quotas_response::EntryData,
        create_partitions_response::CreatePartitionsTopicResult, create_topics_response::CreatableTopicResult,
        delete_topics_response::DeletableTopicResult,
    },
};
use ottla_world::{Context, Time};

/// How long a forwarded request is tried, in milliseconds (`request.timeout.ms`).
const FORWARD_MS: u64 = 60_000;

impl Running {
    pub(crate) fn forward(&mut self, cx: &mut Context<'_>, id: RequestId, request: Request) {
        let purpose = Purpose::Forward(id, request.api_key, request.version);
        self.send_forwarded(cx.now(), purpose, request.version, &request.body, FORWARD_MS);
    }

    pub(crate) fn send_forwarded(
        &mut self,
        now: Time,
        purpose: Purpose,
        version: i16,
        body: &RequestKind,
        timeout_ms: u64,
    ) {
        let Ok(data) = ottla_wire::encode_request(version, 0, None, body) else { return };
        let envelope = EnvelopeRequest::default()
            .with_request_data(data)
            .with_request_principal(Some(Bytes::new()))
            .with_client_host_address(Bytes::from_static(&[127, 0, 0, 1]));
        self.uplink.call(now, purpose, 0, RequestKind::Envelope(envelope), timeout_ms);
    }

    /// The controller's answer to a forwarded request.
    pub(crate) fn forwarded(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        key: ApiKey,
        version: i16,
        r: &EnvelopeResponse,
    ) {
        let data = r.response_data.clone().filter(|_| r.error_code == 0).unwrap_or_default();
        let response = match ottla_wire::decode_response(key, version, &data) {
            Ok((_, response)) => response,
            Err(_) => failure(key, ErrorCode::UnknownServerError),
        };
        let response = self.with_refused(id, response);
        self.respond(cx, id, response);
    }

    /// No controller answered in time.
    pub(crate) fn forward_given_up(&mut self, cx: &mut Context<'_>, id: RequestId, key: ApiKey) {
        let response = self.with_refused(id, failure(key, ErrorCode::RequestTimedOut));
        self.respond(cx, id, response);
    }
}

/// An answer that says only that it failed.
fn failure(key: ApiKey, error: ErrorCode) -> ResponseKind {
    let code = error.code();
    match key {
        ApiKey::CreateTopics => ResponseKind::CreateTopics(
            CreateTopicsResponse::default().with_topics(vec![CreatableTopicResult::default().with_error_code(code)]),
        ),
        ApiKey::DeleteTopics => ResponseKind::DeleteTopics(
            DeleteTopicsResponse::default().with_responses(vec![DeletableTopicResult::default().with_error_code(code)]),
        ),
        ApiKey::CreatePartitions => ResponseKind::CreatePartitions(
            CreatePartitionsResponse::default()
                .with_results(vec![CreatePartitionsTopicResult::default().with_error_code(code)]),
        ),
        ApiKey::ElectLeaders => ResponseKind::ElectLeaders(ElectLeadersResponse::default().with_error_code(code)),
        ApiKey::IncrementalAlterConfigs => {
            ResponseKind::IncrementalAlterConfigs(IncrementalAlterConfigsResponse::default())
        }
        ApiKey::AlterPartitionReassignments => ResponseKind::AlterPartitionReassignments(
            AlterPartitionReassignmentsResponse::default().with_error_code(code).with_error_message(None),
        ),
        ApiKey::DescribeQuorum => ResponseKind::DescribeQuorum(
            DescribeQuorumResponse::default().with_error_code(code).with_error_message(None),
        ),
        ApiKey::AlterClientQuotas => {
            let entry = EntryData::default().with_error_code(code).with_error_message(None);
            ResponseKind::AlterClientQuotas(AlterClientQuotasResponse::default().with_entries(vec![entry]))
        }
        ApiKey::UpdateFeatures => ResponseKind::UpdateFeatures(
            UpdateFeaturesResponse::default().with_error_code(code).with_error_message(None),
        ),
        ApiKey::UnregisterBroker => ResponseKind::UnregisterBroker(
            UnregisterBrokerResponse::default().with_error_code(code).with_error_message(None),
        ),
        _ => ResponseKind::ListPartitionReassignments(
            ListPartitionReassignmentsResponse::default().with_error_code(code).with_error_message(None),
        ),
    }
}
