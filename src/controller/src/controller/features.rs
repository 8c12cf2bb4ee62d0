//! Levels of the cluster's features (`FeatureControlManager.updateFeatures`, KIP-584).
//!
//! Invariant: a level is raised only to what every registered node supports; all updates of a request happen, or none.

use super::active::Controller;
use super::result::{ApiError, ControllerResult};
use crate::record::{Config, FeatureLevel, FeatureRange, MetadataRecord};
use ottla_wire::messages::update_features_request::FeatureUpdateKey;
use ottla_wire::messages::update_features_response::UpdatableFeatureResult;
use ottla_wire::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use ottla_wire::{ErrorCode, str_bytes};
use std::collections::BTreeMap;

/// Features of Kafka 4.3 with the lowest and highest level, and the level of a new cluster; in the order in which a
/// controller registers them.
pub(crate) const FEATURES: &[(&str, i16, i16, i16)] = &[
    ("group.version", 0, 1, 1),
    ("kraft.version", 0, 1, 0),
    (METADATA_VERSION, 7, 30, 30),
    ("share.version", 0, 1, 1),
    ("streams.version", 0, 1, 1),
    ("transaction.version", 0, 2, 2),
    (ELR_VERSION, 0, 1, 1),
];

const METADATA_VERSION: &str = "metadata.version";
const ELR_VERSION: &str = "eligible.leader.replicas.version";
/// `MetadataVersion.IBP_4_0_IV1`: the first that knows eligible leader replicas.
const ELR_NEEDS: i16 = 23;
/// Levels of `metadata.version` that brought new records (`MetadataVersion.didMetadataChange`): to go below one of them might
/// lose metadata.
const NEW_RECORDS: &[i16] = &[7, 8, 11, 13, 14, 15, 17, 23, 30];

/// `FeatureUpdate.UpgradeType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpgradeType {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
    Unknown,
}

fn upgrade_type(update: &FeatureUpdateKey, version: i16) -> UpgradeType {
    match (version, update.allow_downgrade, update.upgrade_type) {
        (0, true, _) | (1.., _, 2) => UpgradeType::SafeDowngrade,
        (0, false, _) | (1.., _, 1) => UpgradeType::Upgrade,
        (1.., _, 3) => UpgradeType::UnsafeDowngrade,
        _ => UpgradeType::Unknown,
    }
}

impl Controller {
    /// `UpdateFeatures`; `version` is the request's.
    pub fn update_features(
        &self,
        request: &UpdateFeaturesRequest,
        version: i16,
    ) -> ControllerResult<UpdateFeaturesResponse> {
        let mut proposed = self.image.features().clone();
        proposed.extend(request.feature_updates.iter().map(|u| (u.feature.to_string(), u.max_version_level)));
        let mut records = Vec::new();
        for update in &request.feature_updates {
            match self.update_feature(update, upgrade_type(update, version), &proposed) {
                Ok(changes) => records.extend(changes),
                Err(message) => {
                    let text = format!(
                        "The update failed for all features since the following feature had an error: {message}"
                    );
                    let response = UpdateFeaturesResponse::default()
                        .with_error_code(ErrorCode::InvalidUpdateVersion.code())
                        .with_error_message(Some(str_bytes(&text)));
                    return ControllerResult::unchanged(response);
                }
            }
        }
        if request.validate_only {
            records.clear();
        }
        let result = |update: &FeatureUpdateKey| {
            UpdatableFeatureResult::default().with_feature(update.feature.clone()).with_error_message(None)
        };
        let results = if version <= 1 { request.feature_updates.iter().map(result).collect() } else { Vec::new() };
        let response = UpdateFeaturesResponse::default().with_error_message(None).with_results(results);
        ControllerResult::new(records, response)
    }

    fn update_feature(
        &self,
        update: &FeatureUpdateKey,
        upgrade: UpgradeType,
        proposed: &BTreeMap<String, i16>,
    ) -> Result<Vec<MetadataRecord>, String> {
        let (name, level) = (update.feature.as_str(), update.max_version_level);
        let invalid = |reason: &str| Err(format!("Invalid update version {level} for feature {name}. {reason}"));
        if upgrade == UpgradeType::Unknown {
            return invalid("The controller does not support the given upgrade type.");
        }
        if level < 0 {
            return invalid("A feature version cannot be less than 0.");
        }
        if let Some(reason) = self.not_supported(name, level) {
            return invalid(&reason);
        }
        let current = self.image.features().get(name).copied().unwrap_or(0);
        if level < current && upgrade == UpgradeType::Upgrade {
            return invalid(
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or \
                 unsafe downgrade.",
            );
        }
        if level > current && upgrade != UpgradeType::Upgrade {
            return invalid("Can't downgrade to a newer version.");
        }
        if name == METADATA_VERSION {
            check_metadata_version(level, current, upgrade)?;
        } else if name == ELR_VERSION && level >= 1 && proposed.get(METADATA_VERSION).is_none_or(|l| *l < ELR_NEEDS) {
            return invalid(&format!(
                "{name} could not be set to {level} because it depends on {METADATA_VERSION} level {ELR_NEEDS}"
            ));
        }
        let mut records = Vec::new();
        if name == ELR_VERSION && level >= 1 && current == 0 {
            records.extend(self.elr_safety_records());
        }
        let record = FeatureLevel { name: name.to_owned(), feature_level: level };
        records.push(MetadataRecord::FeatureLevel(record));
        Ok(records)
    }

    /// Why some node could not live with a level, if so (`reasonNotSupported`): this one first, then brokers, then the other
    /// controllers.
    fn not_supported(&self, name: &str, level: i16) -> Option<String> {
        let check = |what: String, range: Option<(i16, i16)>| match range.unwrap_or((0, 0)) {
            (min, max) if (min..=max).contains(&level) => None,
            (_, 0) => Some(format!("{what} does not support this feature.")),
            (min, max) => Some(format!("{what} only supports versions {min}-{max}")),
        };
        let own = FEATURES.iter().find(|feature| feature.0 == name).map(|(_, min, max, _)| (*min, *max));
        let of = |features: &[FeatureRange]| {
            let range = features.iter().find(|range| range.name == name);
            range.map(|range| (range.min_supported_version, range.max_supported_version))
        };
        let me = self.settings.node_id;
        let local = check(format!("Local controller {me}"), own);
        let brokers = || self.image.brokers().values().find_map(|b| check(format!("Broker {}", b.id), of(&b.features)));
        let registered = self.image.controllers();
        let others = || {
            let mut others = registered.values().filter(|controller| controller.id != me);
            others.find_map(|controller| check(format!("Controller {}", controller.id), of(&controller.features)))
        };
        let missing = || {
            let id = self.settings.voter_ids.iter().find(|id| **id != me && !registered.contains_key(id))?;
            Some(format!("controller {id} has not registered, and may not support this feature"))
        };
        local.or_else(brokers).or_else(others).or_else(missing)
    }

    /// With eligible leader replicas the min ISR is the cluster's affair, not one broker's
    /// (`ConfigurationControlManager.maybeGenerateElrSafetyRecords`).
    fn elr_safety_records(&self) -> Vec<MetadataRecord> {
        let key = "min.insync.replicas";
        let record = |resource_name: String, value: Option<String>| {
            MetadataRecord::Config(Config { resource_type: 4, resource_name, name: key.to_owned(), value })
        };
        let cluster = crate::image::ConfigResource::DefaultBroker;
        let mut records = Vec::new();
        if self.image.config(&cluster, key).is_none() {
            let own = self.settings.properties.get(key).cloned().unwrap_or_else(|| "1".to_owned());
            records.push(record(String::new(), Some(own)));
        }
        let brokers = self.image.configured_resources().filter(|resource| {
            matches!(resource, crate::image::ConfigResource::Broker(_)) && self.image.config(resource, key).is_some()
        });
        records.extend(brokers.map(|resource| record(resource.name(), None)));
        records
    }
}

/// `updateMetadataVersion`.
fn check_metadata_version(level: i16, current: i16, upgrade: UpgradeType) -> Result<(), String> {
    let loses = NEW_RECORDS.iter().any(|newer| level < *newer && *newer <= current);
    if !loses {
        return Ok(());
    }
    let reason = match upgrade {
        UpgradeType::UnsafeDowngrade => "Unsafe metadata downgrade is not supported in this version.",
        _ => "Refusing to perform the requested downgrade because it might delete metadata information.",
    };
    Err(format!("Invalid metadata.version {level}. {reason}"))
}

/// The answer of a controller that can't decide.
pub(crate) fn update_refused(error: &ApiError) -> UpdateFeaturesResponse {
    UpdateFeaturesResponse::default().with_error_code(error.code.code()).with_error_message(error.text())
}
