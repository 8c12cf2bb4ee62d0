//! Client quotas (`ClientQuotaControlManager`). Invariant: a stored quota is one its entity can have, and positive.

use super::active::Controller;
use super::result::{ApiError, ControllerResult};
use crate::image::QuotaEntity;
use crate::record::{ClientQuota, MetadataRecord};
use ottla_wire::messages::alter_client_quotas_request::{EntryData, OpData};
use ottla_wire::messages::alter_client_quotas_response as answer;
use ottla_wire::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};
use ottla_wire::{ErrorCode, str_bytes};

/// (key, whether it must be whole) for users and clients.
const CLIENT_KEYS: &[(&str, bool)] = &[
    ("producer_byte_rate", true),
    ("consumer_byte_rate", true),
    ("request_percentage", false),
    ("controller_mutation_rate", false),
];
/// The same for IP addresses.
const IP_KEYS: &[(&str, bool)] = &[("connection_creation_rate", true)];

impl Controller {
    /// `AlterClientQuotas`.
    pub fn alter_client_quotas(
        &self,
        request: &AlterClientQuotasRequest,
    ) -> ControllerResult<AlterClientQuotasResponse> {
        let mut records = Vec::new();
        let mut entries = Vec::new();
        for entry in &request.entries {
            let entity = |e: &ottla_wire::messages::alter_client_quotas_request::EntityData| {
                let entity = answer::EntityData::default().with_entity_type(e.entity_type.clone());
                entity.with_entity_name(e.entity_name.clone())
            };
            let result = answer::EntryData::default().with_entity(entry.entity.iter().map(entity).collect());
            entries.push(match self.alter_quota(entry) {
                Ok(changes) => {
                    records.extend(changes);
                    result.with_error_message(None)
                }
                Err(error) => {
                    result.with_error_code(error.code.code()).with_error_message(Some(str_bytes(&error.message)))
                }
            });
        }
        if request.validate_only {
            records.clear();
        }
        ControllerResult::new(records, AlterClientQuotasResponse::default().with_entries(entries))
    }

    fn alter_quota(&self, entry: &EntryData) -> Result<Vec<MetadataRecord>, ApiError> {
        let entity = entity_of(entry)?;
        let is_ip = entity.iter().any(|(entity_type, _)| entity_type == "ip");
        let known = self.image.quotas().get(&entity);
        let mut records = Vec::new();
        for op in &entry.ops {
            check_op(op, if is_ip { IP_KEYS } else { CLIENT_KEYS })?;
            let bits = op.value.to_bits();
            let current = known.and_then(|quotas| quotas.get(op.key.as_str())).copied();
            let changes = if op.remove { current.is_some() } else { current != Some(bits) };
            if changes {
                records.push(MetadataRecord::ClientQuota(ClientQuota {
                    entity: entity.clone(),
                    key: op.key.to_string(),
                    value_bits: if op.remove { 0 } else { bits },
                    remove: op.remove,
                }));
            }
        }
        Ok(records)
    }
}

fn entity_of(entry: &EntryData) -> Result<QuotaEntity, ApiError> {
    let invalid = |message: &str| Err(ApiError::new(ErrorCode::InvalidRequest, message));
    let mut entity: QuotaEntity = Vec::new();
    for part in &entry.entity {
        let entity_type = part.entity_type.to_string();
        if !matches!(entity_type.as_str(), "user" | "client-id" | "ip") {
            return invalid(&format!("Unhandled client quota entity type: {entity_type}"));
        }
        if part.entity_name.as_ref().is_some_and(|name| name.is_empty()) {
            return invalid(&format!("Empty {entity_type} not supported"));
        }
        if entity.iter().any(|(other, _)| *other == entity_type) {
            return invalid("Invalid client quota entity");
        }
        entity.push((entity_type, part.entity_name.as_ref().map(|name| name.to_string())));
    }
    entity.sort();
    match entity.len() {
        0 => invalid("Invalid empty client quota entity"),
        count if count > 1 && entity.iter().any(|(entity_type, _)| entity_type == "ip") => {
            invalid("Invalid quota entity combination, IP entity should not be combined with User or ClientId")
        }
        _ => Ok(entity),
    }
}

fn check_op(op: &OpData, keys: &[(&str, bool)]) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new(ErrorCode::InvalidRequest, message));
    let key = op.key.as_str();
    let Some((_, whole)) = keys.iter().find(|(known, _)| *known == key) else {
        return invalid(format!("Invalid configuration key {key}"));
    };
    if op.remove {
        return Ok(());
    }
    if op.value.is_nan() || op.value <= 0.0 {
        return invalid(format!("Quota {key} must be greater than 0"));
    }
    if *whole && op.value.fract() != 0.0 {
        return invalid(format!("{key} cannot be a fractional value."));
    }
    Ok(())
}
