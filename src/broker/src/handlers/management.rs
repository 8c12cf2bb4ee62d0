//! Quotas, names of what has settings, access control. Serves admin clients; invariant: quotas and names are read from this broker's
//! copy of the metadata; no authorizer is configured, as by default, so all of access control is refused.

use crate::{connections::RequestId, node::Running};
use ottla_controller::image::ConfigResource;
use ottla_wire::{
    ErrorCode, RequestKind, ResponseKind, StrBytes,
    messages::{
        CreateAclsResponse, DeleteAclsResponse, DescribeAclsResponse, DescribeClientQuotasRequest,
        DescribeClientQuotasResponse, ListConfigResourcesRequest, ListConfigResourcesResponse,
        create_acls_response::AclCreationResult,
        delete_acls_response::DeleteAclsFilterResult,
        describe_client_quotas_request::ComponentData,
        describe_client_quotas_response::{EntityData, EntryData, ValueData},
        list_config_resources_response::ConfigResource as Listed,
    },
    str_bytes,
};
use ottla_world::Context;

type Entity = [(String, Option<String>)];

impl Running {
    /// `ClientQuotaCache.describeClientQuotas`.
    pub(crate) fn describe_client_quotas(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        request: &DescribeClientQuotasRequest,
    ) {
        let fits = |entity: &Entity| {
            request.components.iter().all(|component| matches(component, entity))
                && (!request.strict || entity.len() == request.components.len())
        };
        let part = |(entity_type, name): &(String, Option<String>)| {
            let part = EntityData::default().with_entity_type(str_bytes(entity_type));
            part.with_entity_name(name.as_deref().map(str_bytes))
        };
        let value = |(key, bits): (&String, &u64)| {
            ValueData::default().with_key(str_bytes(key)).with_value(f64::from_bits(*bits))
        };
        let found = self.image.quotas().iter().filter(|(entity, _)| fits(entity));
        let entries = found.map(|(entity, quotas)| {
            let entry = EntryData::default().with_entity(entity.iter().map(part).collect());
            entry.with_values(quotas.iter().map(value).collect())
        });
        let response =
            DescribeClientQuotasResponse::default().with_error_message(None).with_entries(Some(entries.collect()));
        self.respond(cx, id, ResponseKind::DescribeClientQuotas(response));
    }

    /// `KafkaApis.handleListConfigResources`.
    pub(crate) fn list_config_resources(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        request: &ListConfigResourcesRequest,
    ) {
        const ALL: [i8; 5] = [2, 4, 8, 16, 32];
        let types = if request.resource_types.is_empty() { &ALL[..] } else { &request.resource_types };
        let mut found: Vec<(i8, String)> = Vec::new();
        for kind in types {
            match kind {
                2 => found.extend(self.image.topics().map(|topic| (2, topic.name.clone()))),
                4 | 8 => found.extend(self.image.brokers().keys().map(|broker| (*kind, broker.to_string()))),
                other => found.extend(self.image.configured_resources().filter_map(|resource| match resource {
                    ConfigResource::Other(of, name) if of == other => Some((*of, name.clone())),
                    _ => None,
                })),
            }
        }
        let listed =
            |(kind, name)| Listed::default().with_resource_type(kind).with_resource_name(StrBytes::from_string(name));
        let resources = found.into_iter().map(listed).collect();
        let response = ListConfigResourcesResponse::default().with_config_resources(resources);
        self.respond(cx, id, ResponseKind::ListConfigResources(response));
    }

    /// Access control without an authorizer.
    pub(crate) fn no_authorizer(&mut self, cx: &mut Context<'_>, id: RequestId, request: &RequestKind) {
        let code = ErrorCode::SecurityDisabled.code();
        let of_broker = Some(str_bytes("No Authorizer is configured on the broker"));
        let response = match request {
            RequestKind::CreateAcls(body) => {
                let result = AclCreationResult::default().with_error_code(code).with_error_message(of_broker);
                let results = vec![result; body.creations.len()];
                ResponseKind::CreateAcls(CreateAclsResponse::default().with_results(results))
            }
            RequestKind::DeleteAcls(body) => {
                // The controller's words: deletions are forwarded.
                let message = Some(str_bytes("No Authorizer is configured."));
                let result = DeleteAclsFilterResult::default().with_error_code(code).with_error_message(message);
                let results = vec![result; body.filters.len()];
                ResponseKind::DeleteAcls(DeleteAclsResponse::default().with_filter_results(results))
            }
            _ => ResponseKind::DescribeAcls(
                DescribeAclsResponse::default().with_error_code(code).with_error_message(of_broker),
            ),
        };
        self.respond(cx, id, response);
    }
}

/// Whether an entity has a part that a component asks for: exactly (0), the default (1), any (2).
fn matches(component: &ComponentData, entity: &Entity) -> bool {
    let part = entity.iter().find(|(entity_type, _)| *entity_type == *component.entity_type);
    match (component.match_type, part) {
        (_, None) => false,
        (0, Some((_, name))) => name.as_deref() == component._match.as_deref(),
        (1, Some((_, name))) => name.is_none(),
        (_, Some(_)) => true,
    }
}
