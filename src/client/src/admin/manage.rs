//! Quotas, features, access control, versions, and brokers that leave. Serves the engine; invariant: an error of the whole response is
//! an error of the whole call.

use super::body::Body;
use super::call::{Answered, CallError, Operation};
use super::request::{AclBinding, AdminRequest, ConfigResource, ConfigResourceType, QuotaMatch};
use super::response::{AdminResponse, QuotaEntry};
use crate::JavaError;
use ottla_wire::{
    BrokerId, ErrorCode, RequestKind, ResponseKind,
    messages::{
        AlterClientQuotasRequest, ApiVersionsRequest, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
        DescribeClientQuotasRequest, ListConfigResourcesRequest, UnregisterBrokerRequest, UpdateFeaturesRequest,
        UpdateFeaturesResponse, alter_client_quotas_request as alter, create_acls_request::AclCreation,
        delete_acls_request::DeleteAclsFilter, describe_client_quotas_request::ComponentData,
        describe_client_quotas_response::EntryData, update_features_request::FeatureUpdateKey,
    },
    str_bytes,
};

/// The request of an operation of this module.
pub(super) fn body(request: &AdminRequest, timeout_ms: i32) -> Option<Body> {
    Some(match request {
        AdminRequest::DescribeClientQuotas { components, strict } => {
            let component = |(entity_type, wanted): &(String, QuotaMatch)| {
                let (match_type, name) = match wanted {
                    QuotaMatch::Exact(name) => (0, Some(str_bytes(name))),
                    QuotaMatch::Default => (1, None),
                    QuotaMatch::Any => (2, None),
                };
                let component = ComponentData::default().with_entity_type(str_bytes(entity_type));
                component.with_match_type(match_type).with_match(name)
            };
            let body = DescribeClientQuotasRequest::default()
                .with_components(components.iter().map(component).collect())
                .with_strict(*strict);
            (RequestKind::DescribeClientQuotas(body), (0, 1))
        }
        AdminRequest::AlterClientQuotas { entity, ops } => {
            (RequestKind::AlterClientQuotas(alter_quotas(entity, ops)), (0, 1))
        }
        AdminRequest::ListConfigResources { types } => {
            let types = types.iter().map(|kind| kind.code()).collect();
            let body = ListConfigResourcesRequest::default().with_resource_types(types);
            (RequestKind::ListConfigResources(body), (1, 1))
        }
        AdminRequest::UnregisterBroker { broker } => {
            let body = UnregisterBrokerRequest::default().with_broker_id(BrokerId(*broker));
            (RequestKind::UnregisterBroker(body), (0, 0))
        }
        AdminRequest::UpdateFeatures { updates, validate_only } => {
            let update = |(name, level, upgrade_type): &(String, i16, i8)| {
                let update = FeatureUpdateKey::default().with_feature(str_bytes(name));
                update.with_max_version_level(*level).with_upgrade_type(*upgrade_type)
            };
            let body = UpdateFeaturesRequest::default()
                .with_timeout_ms(timeout_ms)
                .with_feature_updates(updates.iter().map(update).collect())
                .with_validate_only(*validate_only);
            (RequestKind::UpdateFeatures(body), (1, 2))
        }
        AdminRequest::ApiVersions { .. } => {
            let body = ApiVersionsRequest::default()
                .with_client_software_name(str_bytes("apache-kafka-java"))
                .with_client_software_version(str_bytes("4.3.1"));
            (RequestKind::ApiVersions(body), (3, 4))
        }
        _ => return acls(request),
    })
}

fn alter_quotas(entity: &[(String, Option<String>)], ops: &[(String, Option<u64>)]) -> AlterClientQuotasRequest {
    let part = |(entity_type, name): &(String, Option<String>)| {
        let part = alter::EntityData::default().with_entity_type(str_bytes(entity_type));
        part.with_entity_name(name.as_deref().map(str_bytes))
    };
    let op = |(key, bits): &(String, Option<u64>)| {
        let op = alter::OpData::default().with_key(str_bytes(key)).with_remove(bits.is_none());
        op.with_value(bits.map_or(0.0, f64::from_bits))
    };
    let entry = alter::EntryData::default()
        .with_entity(entity.iter().map(part).collect())
        .with_ops(ops.iter().map(op).collect());
    AlterClientQuotasRequest::default().with_entries(vec![entry])
}

fn acls(request: &AdminRequest) -> Option<Body> {
    const ANY: i8 = 1;
    Some(match request {
        AdminRequest::DescribeAcls => {
            let body = DescribeAclsRequest::default()
                .with_resource_type_filter(ANY)
                .with_pattern_type_filter(ANY)
                .with_operation(ANY)
                .with_permission_type(ANY);
            (RequestKind::DescribeAcls(body), (1, 3))
        }
        AdminRequest::CreateAcls { bindings } => {
            let creation = |binding: &AclBinding| {
                AclCreation::default()
                    .with_resource_type(binding.resource_type)
                    .with_resource_name(str_bytes(&binding.resource_name))
                    .with_resource_pattern_type(binding.pattern_type)
                    .with_principal(str_bytes(&binding.principal))
                    .with_host(str_bytes(&binding.host))
                    .with_operation(binding.operation)
                    .with_permission_type(binding.permission_type)
            };
            let creations = bindings.iter().map(creation).collect();
            (RequestKind::CreateAcls(CreateAclsRequest::default().with_creations(creations)), (1, 3))
        }
        AdminRequest::DeleteAcls { bindings } => {
            let filter = |binding: &AclBinding| {
                DeleteAclsFilter::default()
                    .with_resource_type_filter(binding.resource_type)
                    .with_resource_name_filter(Some(str_bytes(&binding.resource_name)))
                    .with_pattern_type_filter(binding.pattern_type)
                    .with_principal_filter(Some(str_bytes(&binding.principal)))
                    .with_host_filter(Some(str_bytes(&binding.host)))
                    .with_operation(binding.operation)
                    .with_permission_type(binding.permission_type)
            };
            let filters = bindings.iter().map(filter).collect();
            (RequestKind::DeleteAcls(DeleteAclsRequest::default().with_filters(filters)), (1, 3))
        }
        _ => return None,
    })
}

fn whole(code: i16, message: Option<&str>) -> Answered {
    match ErrorCode::from_code(code) {
        ErrorCode::None => Ok(()),
        error => Err(CallError::of(error, message)),
    }
}

/// Reads the answer to an operation of this module; `None` if it is not one.
pub(super) fn answer(operation: &mut Operation, response: &ResponseKind) -> Option<Answered> {
    use AdminResponse as A;
    use ResponseKind as R;
    Some(match (&mut operation.answer, response) {
        (A::ClientQuotas(entries), R::DescribeClientQuotas(response)) => {
            *entries = response.entries.iter().flatten().map(quota).collect();
            whole(response.error_code, response.error_message.as_deref())
        }
        (A::Done, R::AlterClientQuotas(response)) => {
            first(response.entries.iter().map(|entry| (entry.error_code, entry.error_message.as_deref())))
        }
        (A::Done, R::UnregisterBroker(response)) => whole(response.error_code, response.error_message.as_deref()),
        (A::Done, R::DescribeAcls(response)) => whole(response.error_code, response.error_message.as_deref()),
        (A::Done, R::CreateAcls(response)) => {
            first(response.results.iter().map(|result| (result.error_code, result.error_message.as_deref())))
        }
        (A::Done, R::DeleteAcls(response)) => {
            first(response.filter_results.iter().map(|result| (result.error_code, result.error_message.as_deref())))
        }
        (A::ConfigResources(found), R::ListConfigResources(response)) => {
            use ConfigResourceType::{Broker, BrokerLogger, ClientMetrics, Group, Topic};
            for resource in &response.config_resources {
                let all = [Topic, Broker, BrokerLogger, ClientMetrics, Group];
                if let Some(kind) = all.into_iter().find(|kind| kind.code() == resource.resource_type) {
                    let name = resource.resource_name.to_string();
                    found.push(ConfigResource { resource_type: kind, name });
                }
            }
            whole(response.error_code, None)
        }
        (A::FeaturesUpdated(each), R::UpdateFeatures(response)) => {
            if let AdminRequest::UpdateFeatures { updates, .. } = &operation.request {
                let names = updates.iter().map(|(name, ..)| name.clone());
                each.extend(names.map(|name| (name.clone(), update_of(response, &name))));
            }
            Ok(())
        }
        (A::ApiVersions(ranges), R::ApiVersions(response)) => {
            *ranges = response.api_keys.iter().map(|key| (key.api_key, key.min_version, key.max_version)).collect();
            whole(response.error_code, None)
        }
        _ => return None,
    })
}

fn first<'a>(mut errors: impl Iterator<Item = (i16, Option<&'a str>)>) -> Answered {
    errors.try_for_each(|(code, message)| whole(code, message))
}

fn update_of(response: &UpdateFeaturesResponse, name: &str) -> Result<(), JavaError> {
    let of_all = JavaError::from_code(response.error_code, response.error_message.as_deref());
    let own = response.results.iter().find(|result| &*result.feature == name);
    let of_one = || own.and_then(|result| JavaError::from_code(result.error_code, result.error_message.as_deref()));
    of_all.or_else(of_one).map_or(Ok(()), Err)
}

fn quota(entry: &EntryData) -> QuotaEntry {
    let part = |part: &ottla_wire::messages::describe_client_quotas_response::EntityData| {
        (part.entity_type.to_string(), part.entity_name.as_ref().map(ToString::to_string))
    };
    QuotaEntry {
        entity: entry.entity.iter().map(part).collect(),
        values: entry.values.iter().map(|value| (value.key.to_string(), value.value.to_bits())).collect(),
    }
}
