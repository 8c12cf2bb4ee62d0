//! Sending calls, trying them again, giving them up. Serves the admin client; invariant: one call in flight a node, and
//! every call ends at its deadline (Kafka's `AdminClientRunnable`).

use super::call::{Answered, Call, CallError, Operation, Target, Work};
use super::request::AdminRequest;
use super::response::{AdminEvent, AdminResponse};
use super::{Admin, body, cluster, configs, groups, leaders, manage, topics};
use crate::network::{Outcome, Outgoing};
use crate::{CallId, JavaError, Node};
use ottla_wire::{ErrorCode, ResponseKind, messages::MetadataResponse};
use ottla_world::{Context, Time};

const METADATA_LOGGER: &str = "org.apache.kafka.clients.admin.internals.AdminMetadataManager";

impl Admin {
    /// Puts the first calls of a request in line.
    pub(super) fn start(&mut self, cx: &Context<'_>, id: CallId, request: AdminRequest, timeout_ms: u64) {
        if self.asks_controllers && !super::call::is_for_controllers(&request) {
            let text = "This Admin API is not yet supported when communicating directly with the controller quorum.";
            let error = JavaError::kafka("UnsupportedEndpointTypeException", text);
            return self.events.push(AdminEvent { call: id, result: Err(error) });
        }
        let (calls, answer) = super::call::plan(&request);
        let deadline = cx.now().plus_millis(timeout_ms);
        let deadline_ms = cx.wall_ms().saturating_add_unsigned(timeout_ms);
        let operation = Operation { request, answer, deadline, deadline_ms, open_calls: 0, tries: 0 };
        self.operations.insert(id, operation);
        for (name, target, work) in calls {
            self.add_call(id, name, target, work, Time::ZERO);
        }
        self.finish_if_done(id);
    }

    /// Puts one more call of an operation in line, not to be sent before `next_try`.
    pub(super) fn add_call(&mut self, id: CallId, name: String, target: Target, work: Work, next_try: Time) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.open_calls += 1;
        self.pending.push(Call {
            operation: Some(id),
            name,
            target,
            work,
            deadline: operation.deadline,
            deadline_ms: operation.deadline_ms,
            tries: operation.tries,
            next_try,
            assigned: false,
        });
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) {
        self.take_answers(cx);
        self.expire_calls(cx);
        self.maybe_refresh(cx);
        let now = cx.now();
        for mut call in std::mem::take(&mut self.pending) {
            if call.next_try > now || !self.try_send(cx, &mut call) {
                self.pending.push(call);
            }
        }
        self.network.poll(cx);
        self.wakeup = self.compute_wakeup(now);
    }

    fn try_send(&mut self, cx: &mut Context<'_>, call: &mut Call) -> bool {
        let node = match self.provide(cx, call.target) {
            Ok(Some(node)) => node,
            Ok(None) => {
                call.assigned = false;
                return false;
            }
            Err(error) => {
                self.call_failed(cx, call.clone(), CallError::fatal(error));
                return true;
            }
        };
        call.assigned = !self.network.has_failed(node.id);
        if self.network.in_flight(node.id) > 0 || !self.network.ready(cx, &node) {
            return false;
        }
        let remaining_ms = call.deadline.millis_since(cx.now()).max(1);
        let (request, versions) = body::of(self, call, remaining_ms);
        let version = self.network.version(node.id, ottla_wire::request_api_key(&request), versions.0, versions.1);
        let Some(version) = version else {
            if let Some(older) = body::older_work(&call.work) {
                call.work = older;
                return self.try_send(cx, call);
            }
            let name = api_text(ottla_wire::request_api_key(&request) as i16);
            let error = JavaError::kafka("UnsupportedVersionException", format!("The node does not support {name}"));
            self.call_failed(cx, call.clone(), CallError::fatal(error));
            return true;
        };
        let body = body::downgrade(request, version);
        // The deadline of the call ends it, not a time-out of the request.
        let timeout_ms = remaining_ms.saturating_add(1000);
        let outgoing = Outgoing { body, version, correlation_id: None, timeout_ms, expects_response: true };
        let tag = self.network.send(cx, node.id, outgoing);
        self.in_flight.insert(tag, (node.id, call.clone()));
        true
    }

    /// The node for a call; `None` if there is none yet.
    fn provide(&mut self, cx: &mut Context<'_>, target: Target) -> Result<Option<Node>, JavaError> {
        if target == Target::Bootstrap {
            let node = self.network.least_loaded(cx);
            if node.is_none() && !self.network.metadata.is_bootstrap && !self.network.has_ready_node() {
                self.network.metadata.rebootstrap();
            }
            return Ok(node);
        }
        if let Some(error) = &self.refresh.fatal {
            return Err(error.clone());
        }
        if self.network.metadata.is_bootstrap {
            return Ok(None);
        }
        let metadata = &self.network.metadata;
        let node = match target {
            // Whatever a controller may be asked, the active one is asked (`LeastLoadedBrokerOrActiveKController`).
            _ if self.asks_controllers => metadata.controller.and_then(|id| metadata.nodes.get(&id)),
            Target::Any | Target::Bootstrap => return Ok(self.network.least_loaded(cx)),
            Target::Controller => metadata.controller.and_then(|id| metadata.nodes.get(&id)),
            Target::Node(id) => metadata.nodes.get(&id),
        };
        let node = node.cloned();
        if node.is_none() {
            self.refresh.wanted = true;
        }
        Ok(node)
    }

    fn take_answers(&mut self, cx: &mut Context<'_>) {
        for completion in self.network.take_completions() {
            let Some((_, call)) = self.in_flight.remove(&completion.tag) else { continue };
            match completion.outcome {
                Outcome::Response(response) => {
                    if let Err(error) = self.answered(cx, &call, &response) {
                        self.call_failed(cx, call, error);
                    } else {
                        self.call_done(&call);
                    }
                }
                Outcome::Unsupported => {
                    let text = format!("The node does not support a version of {}", call.name);
                    let error = JavaError::kafka("UnsupportedVersionException", text);
                    self.call_failed(cx, call, CallError::fatal(error));
                }
                Outcome::Disconnected | Outcome::TimedOut | Outcome::Sent => {
                    let text = format!(
                        "Cancelled {} request with correlation id {} due to node {} being disconnected",
                        call.name, completion.correlation_id, completion.node
                    );
                    let error = JavaError::kafka("DisconnectException", text);
                    self.call_failed(cx, call, CallError { error, retriable: true });
                }
            }
        }
        if std::mem::take(&mut self.network.lost_node) {
            self.refresh.wanted = true;
        }
    }

    fn answered(&mut self, cx: &mut Context<'_>, call: &Call, response: &ResponseKind) -> Answered {
        match (&call.work, response) {
            (Work::Refresh, ResponseKind::Metadata(response)) => {
                self.refreshed(cx.now(), response);
                Ok(())
            }
            (Work::Refresh, ResponseKind::DescribeCluster(response)) => {
                let (nodes, active) = cluster::controllers(response);
                self.network.metadata.set_controllers(nodes, active);
                self.refresh_done(cx.now());
                Ok(())
            }
            (Work::Once, response) => {
                let id = call.operation.unwrap_or_default();
                let Some(operation) = self.operations.get_mut(&id) else { return Ok(()) };
                let answered = topics::answer(operation, response).or_else(|| cluster::answer(operation, response));
                let answered = answered.or_else(|| manage::answer(operation, response));
                let answered = answered.unwrap_or(Ok(()));
                if let Err(error) = &answered
                    && error.error.is("NotControllerException")
                {
                    self.network.metadata.controller = None;
                    self.refresh.wanted = true;
                }
                answered
            }
            (Work::TopicPage(_), ResponseKind::DescribeTopicPartitions(response)) => {
                topics::page_answered(self, call, response)
            }
            (Work::DescribeConfigs(_), ResponseKind::DescribeConfigs(response)) => {
                configs::described(self, call, response)
            }
            (Work::AlterConfigs(_), ResponseKind::IncrementalAlterConfigs(response)) => {
                configs::altered(self, call, response)
            }
            (Work::FindLeaders(partitions), ResponseKind::Metadata(response)) => {
                leaders::found(self, cx, call, partitions, response)
            }
            (Work::OnLeader(partitions), response) => leaders::answered(self, cx, call, partitions, response),
            (Work::FindCoordinators(asked), ResponseKind::FindCoordinator(response)) => {
                groups::found(self, cx, call, asked, response)
            }
            (Work::OnCoordinator(asked, _), response) => groups::answered(self, cx, call, asked, response),
            (Work::FindBrokers, ResponseKind::Metadata(response)) => groups::brokers_found(self, call, response),
            (Work::OnBroker(id), response) => groups::broker_answered(self, call, *id, response),
            _ => Err(CallError::of(ErrorCode::UnknownServerError, None)),
        }
    }

    fn call_done(&mut self, call: &Call) {
        let Some(id) = call.operation else { return };
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.open_calls = operation.open_calls.saturating_sub(1);
        }
        self.finish_if_done(id);
    }

    fn finish_if_done(&mut self, id: CallId) {
        if self.operations.get(&id).is_some_and(|operation| operation.open_calls == 0)
            && let Some(operation) = self.operations.remove(&id)
        {
            self.events.push(AdminEvent { call: id, result: Ok(operation.answer) });
        }
    }

    /// Tries a call again, or gives it up (`Call.fail`).
    pub(super) fn call_failed(&mut self, cx: &mut Context<'_>, mut call: Call, failure: CallError) {
        let now = cx.now();
        let backoff_ms = self.retry.draw_ms(cx.rng(), call.tries);
        call.tries = call.tries.saturating_add(1);
        call.next_try = now.plus_millis(backoff_ms);
        call.assigned = false;
        let CallError { error, retriable } = failure;
        let is_late = call.deadline <= now;
        let is_over = i64::from(call.tries) > self.retries;
        if !is_late && retriable && !is_over {
            if let Some(operation) = call.operation.and_then(|id| self.operations.get_mut(&id)) {
                operation.tries = operation.tries.max(call.tries);
            }
            return self.pending.push(call);
        }
        let error = if (is_late || (retriable && is_over)) && !error.is("TimeoutException") {
            let next_try_ms = cx.wall_ms().saturating_add_unsigned(backoff_ms);
            self.timed_out(cx.wall_ms(), &call, next_try_ms).caused_by(error)
        } else {
            error
        };
        self.give_up(cx, &call, error);
    }

    fn timed_out(&self, now_ms: i64, call: &Call, next_try_ms: i64) -> JavaError {
        let Call { name, deadline_ms, tries, .. } = call;
        JavaError::timeout(format!(
            "Call(callName={name}, deadlineMs={deadline_ms}, tries={tries}, nextAllowedTryMs={next_try_ms}) timed out at \
             {now_ms} after {tries} attempt(s)"
        ))
    }

    fn give_up(&mut self, cx: &mut Context<'_>, call: &Call, error: JavaError) {
        let Some(id) = call.operation else { return self.refresh_failed(cx, error) };
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let has_own_errors = body::fail_each(operation, &call.work, &error);
        if has_own_errors {
            return self.call_done(call);
        }
        self.operations.remove(&id);
        self.pending.retain(|other| other.operation != Some(id));
        self.events.push(AdminEvent { call: id, result: Err(error) });
    }

    fn expire_calls(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        let (late, rest) = std::mem::take(&mut self.pending).into_iter().partition(|call| call.is_expired(now));
        self.pending = rest;
        let late: Vec<Call> = late;
        for call in late {
            let what = if call.assigned { "to send the call." } else { "for a node assignment." };
            let error = JavaError::timeout(format!("Timed out waiting {what} Call: {}", call.name));
            self.call_failed(cx, call, CallError { error, retriable: true });
        }
        let stuck: Vec<i32> =
            self.in_flight.values().filter(|(_, call)| call.is_expired(now)).map(|(node, _)| *node).collect();
        if !stuck.is_empty() {
            stuck.into_iter().for_each(|node| self.network.disconnect(cx, node));
            self.take_answers(cx);
        }
    }

    fn maybe_refresh(&mut self, cx: &Context<'_>) {
        let now = cx.now();
        if self.refresh.pending || self.refresh.next_at() > now || self.operations.is_empty() {
            return;
        }
        self.refresh.pending = true;
        self.refresh.wanted = false;
        self.pending.insert(
            0,
            Call {
                operation: None,
                name: "fetchMetadata".to_owned(),
                target: Target::Bootstrap,
                work: Work::Refresh,
                deadline: now.plus_millis(self.request_timeout_ms),
                deadline_ms: cx.wall_ms().saturating_add_unsigned(self.request_timeout_ms),
                tries: 0,
                next_try: Time::ZERO,
                assigned: false,
            },
        );
    }

    fn refreshed(&mut self, now: Time, response: &MetadataResponse) {
        self.network.metadata.set_cluster(response);
        self.refresh_done(now);
    }

    fn refresh_done(&mut self, now: Time) {
        self.refresh.pending = false;
        self.refresh.fatal = None;
        self.refresh.expires = now.plus_millis(self.metadata_max_age_ms);
        self.refresh.retry_at = now.plus_millis(self.retry.initial_ms);
    }

    fn refresh_failed(&mut self, cx: &Context<'_>, error: JavaError) {
        self.refresh.pending = false;
        self.refresh.retry_at = cx.now().plus_millis(self.retry.initial_ms);
        if error.is("UnsupportedVersionException") {
            let text = "The remote node is not a BROKER that supports the METADATA api.";
            // The exception that was logged stands in the line after the text.
            self.network.log.warn(METADATA_LOGGER, format!("{text}\n{error}"));
            self.network.log.warn(METADATA_LOGGER, format!("Fatal error during metadata update\n{error}"));
            self.refresh.fatal = Some(error);
        }
    }

    fn compute_wakeup(&self, now: Time) -> Option<Time> {
        let mut times: Vec<Time> = Vec::new();
        for call in &self.pending {
            // As in Java, calls that wait for a node are looked at again every retry.backoff.ms.
            let again = now.plus_millis(self.retry.initial_ms.max(1));
            times.push(if call.next_try > now { call.next_try } else { again });
            times.push(call.expires_at());
        }
        times.extend(self.in_flight.values().map(|(_, call)| call.expires_at()));
        if !self.operations.is_empty() && !self.refresh.pending {
            times.push(self.refresh.next_at());
        }
        times.extend(self.network.next_wakeup());
        times.into_iter().filter(|at| *at > now).min()
    }

    /// The answer being made for a call, if its operation is still there.
    pub(super) fn answer_of(&mut self, call: &Call) -> Option<(&AdminRequest, &mut AdminResponse)> {
        let operation = self.operations.get_mut(&call.operation?)?;
        Some((&operation.request, &mut operation.answer))
    }
}

/// Kafka's constant for an API: `METADATA`, `DESCRIBE_TOPIC_PARTITIONS`.
fn api_text(key: i16) -> String {
    let mut text = String::new();
    for c in ottla_wire::api::api_name(key).chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}
