//! Frames from brokers, controllers and tools, each to where it is answered (`ControllerApis`).
//!
//! Serves the controller node. Invariant: only the active controller decides; anybody else says NOT_CONTROLLER.

use super::describe;
use super::errors::error_response;
use super::reply::Reply;
use super::running::Running;
use crate::controller::{ApiError, ControllerResult, PRODUCER_ID_BLOCK_SIZE};
use crate::quorum::ReplyTo;
use crate::rpc::raft_request_from;
use ottla_wire::api::{Role, is_supported};
use ottla_wire::messages::{
    AllocateProducerIdsResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse, ControllerRegistrationResponse,
    UnregisterBrokerResponse,
};
use ottla_wire::{ApiKey, ErrorCode, ProducerId, RequestKind, ResponseKind, WireError, decode_request};
use ottla_world::{ConnectionId, Context};

impl Running {
    /// Takes a frame from a connection that somebody opened to this node.
    pub(super) fn handle_frame(&mut self, cx: &mut Context<'_>, connection: ConnectionId, frame: &bytes::Bytes) {
        if self.quorum.handle_quiet_frame(cx, connection, frame) {
            return;
        }
        let request = match decode_request(frame) {
            Ok(request) => request,
            Err(WireError::UnsupportedVersion { api_key, correlation_id, .. })
                if api_key == ApiKey::ApiVersions as i16 =>
            {
                let to = ReplyTo { connection, version: 0, correlation_id };
                let response = describe::api_versions(&self.committed, ErrorCode::UnsupportedVersion);
                return Reply { to, inner: None }.send(cx, &response.into());
            }
            // As Kafka's socket server, without a word.
            Err(_) => return cx.close(connection),
        };
        if !is_supported(Role::Controller, request.api_key, request.version) {
            return cx.close(connection);
        }
        let to = ReplyTo::new(connection, &request);
        if let Some(inbound) = raft_request_from(&request.body) {
            return self.quorum.handle_request(cx, to, inbound);
        }
        match request.body {
            RequestKind::Envelope(envelope) => self.open_envelope(cx, to, &envelope.request_data),
            body => self.handle_body(cx, Reply { to, inner: None }, body),
        }
    }

    /// A request that a broker forwards for a client (KIP-590).
    fn open_envelope(&mut self, cx: &mut Context<'_>, to: ReplyTo, data: &bytes::Bytes) {
        let refusal = Reply { to, inner: None };
        match decode_request(data) {
            Ok(request) => {
                let reply = Reply { to, inner: Some((request.version, request.correlation_id)) };
                self.handle_body(cx, reply, request.body);
            }
            Err(WireError::UnsupportedVersion { .. }) => refusal.refuse_envelope(cx, ErrorCode::UnsupportedVersion),
            Err(_) => refusal.refuse_envelope(cx, ErrorCode::InvalidRequest),
        }
    }

    fn handle_body(&mut self, cx: &mut Context<'_>, reply: Reply, body: RequestKind) {
        let response: ResponseKind = match &body {
            RequestKind::ApiVersions(_) => describe::api_versions(&self.committed, ErrorCode::None).into(),
            RequestKind::DescribeQuorum(_) => describe::describe_quorum(&self.quorum, cx.now(), cx.wall_ms()).into(),
            RequestKind::DescribeCluster(request) => {
                describe::describe_cluster(request, &self.quorum, &self.committed).into()
            }
            _ => return self.decide(cx, reply, body),
        };
        reply.send(cx, &response);
    }

    fn decide(&mut self, cx: &mut Context<'_>, reply: Reply, body: RequestKind) {
        if self.active.is_none() {
            return refuse(cx, reply, &body, ErrorCode::NotController);
        }
        match self.decision(cx, reply.version(), &body) {
            Some(Ok(result)) => {
                if let Some(active) = &mut self.active {
                    active.decide(cx, result, reply, body);
                }
            }
            Some(Err(error)) => match error_response(&body, &error) {
                Some(response) => reply.send(cx, &response),
                None => cx.close(reply.to.connection),
            },
            None => cx.close(reply.to.connection),
        }
    }

    /// The active controller's decision; none for a request it does not take.
    fn decision(
        &mut self,
        cx: &mut Context<'_>,
        version: i16,
        body: &RequestKind,
    ) -> Option<Result<ControllerResult<ResponseKind>, ApiError>> {
        let now = cx.now();
        let active = self.active.as_mut()?;
        let controller = &active.controller;
        Some(match body {
            RequestKind::BrokerRegistration(request) => {
                let decided = controller.register_broker(now, request, active.next_offset());
                decided.map(|r| r.map(|epoch| BrokerRegistrationResponse::default().with_broker_epoch(epoch).into()))
            }
            RequestKind::BrokerHeartbeat(_) => return self.heartbeat(cx, body),
            RequestKind::AlterPartition(request) => {
                controller.alter_partition(request, version).map(|r| r.map(ResponseKind::AlterPartition))
            }
            RequestKind::AllocateProducerIds(request) => controller.allocate_producer_ids(request).map(|r| {
                r.map(|first| {
                    let response = AllocateProducerIdsResponse::default().with_producer_id_start(ProducerId(first));
                    response.with_producer_id_len(PRODUCER_ID_BLOCK_SIZE).into()
                })
            }),
            RequestKind::CreateTopics(request) => {
                Ok(controller.create_topics(cx.rng(), request).map(ResponseKind::CreateTopics))
            }
            RequestKind::DeleteTopics(request) => Ok(controller.delete_topics(request).map(ResponseKind::DeleteTopics)),
            RequestKind::CreatePartitions(request) => {
                Ok(controller.create_partitions(cx.rng(), request).map(ResponseKind::CreatePartitions))
            }
            RequestKind::ElectLeaders(request) => {
                controller.elect_leaders(request).map(|r| r.map(ResponseKind::ElectLeaders))
            }
            RequestKind::IncrementalAlterConfigs(request) => {
                Ok(controller.incremental_alter_configs(request).map(ResponseKind::IncrementalAlterConfigs))
            }
            RequestKind::AlterConfigs(request) => {
                Ok(controller.legacy_alter_configs(request).map(ResponseKind::AlterConfigs))
            }
            RequestKind::AlterClientQuotas(request) => {
                Ok(controller.alter_client_quotas(request).map(ResponseKind::AlterClientQuotas))
            }
            RequestKind::ListPartitionReassignments(request) => {
                let response = controller.list_reassignments(request);
                Ok(ControllerResult::unchanged(ResponseKind::ListPartitionReassignments(response)))
            }
            RequestKind::AlterPartitionReassignments(request) => {
                Ok(controller.alter_reassignments(request).map(ResponseKind::AlterPartitionReassignments))
            }
            RequestKind::UnregisterBroker(request) => controller
                .unregister_broker(request)
                .map(|r| r.map(|()| UnregisterBrokerResponse::default().with_error_message(None).into())),
            RequestKind::AssignReplicasToDirs(request) => {
                controller.assign_replicas_to_dirs(request).map(|r| r.map(ResponseKind::AssignReplicasToDirs))
            }
            RequestKind::UpdateFeatures(request) => {
                Ok(controller.update_features(request, version).map(ResponseKind::UpdateFeatures))
            }
            RequestKind::ControllerRegistration(request) => {
                let response = ControllerRegistrationResponse::default().with_error_message(None);
                Ok(controller.register_controller(request).map(|()| response.into()))
            }
            _ => return None,
        })
    }

    /// A heartbeat tells the sessions something as well.
    fn heartbeat(
        &mut self,
        cx: &mut Context<'_>,
        body: &RequestKind,
    ) -> Option<Result<ControllerResult<ResponseKind>, ApiError>> {
        let RequestKind::BrokerHeartbeat(request) = body else { return None };
        let active = self.active.as_mut()?;
        let result = match active.controller.broker_heartbeat(request) {
            Ok(result) => result,
            Err(error) => return Some(Err(error)),
        };
        let (id, reply) = (request.broker_id.0, result.response);
        active.schedule(cx, result.records);
        let last_offset = active.next_offset() - 1;
        let heartbeats = active.controller.heartbeats_mut();
        heartbeats.touch(cx.now(), id, reply.is_fenced, request.current_metadata_offset);
        if reply.in_controlled_shutdown {
            heartbeats.begin_controlled_shutdown(id, last_offset);
        }
        let response = BrokerHeartbeatResponse::default()
            .with_is_caught_up(reply.is_caught_up)
            .with_is_fenced(reply.is_fenced)
            .with_should_shut_down(reply.should_shut_down);
        Some(Ok(ControllerResult::unchanged(response.into())))
    }
}

/// This node can't decide: whoever asked looks for the one that can.
pub(super) fn refuse(cx: &mut Context<'_>, reply: Reply, body: &RequestKind, code: ErrorCode) {
    if reply.inner.is_some() {
        return reply.refuse_envelope(cx, code);
    }
    match error_response(body, &code.into()) {
        Some(response) => reply.send(cx, &response),
        None => cx.close(reply.to.connection),
    }
}
