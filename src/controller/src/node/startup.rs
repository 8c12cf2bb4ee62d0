//! What a controller finds and writes on its disk before it takes part, and what it registers. Serves the controller node.

use crate::config::ControllerConfig;
use crate::controller::FEATURES;
use crate::record::{Config, Endpoint, FeatureLevel, FeatureRange, MetadataRecord, RegisterController};
use ottla_wire::java::uuid_text;
use ottla_wire::messages::ControllerRegistrationRequest;
use ottla_wire::messages::controller_registration_request::{Feature, Listener};
use ottla_wire::{Uuid, str_bytes};
use ottla_world::Context;

/// Reads or writes `meta.properties`, as `kafka-storage format` does (`MetaProperties`).
///
/// # Errors
/// A directory of another cluster or node, or a disk that refuses, in Kafka's words.
pub(super) fn check_meta_properties(cx: &mut Context<'_>, config: &ControllerConfig) -> Result<(), String> {
    let path = format!("{}/meta.properties", config.log_dir);
    let node_id = config.node_id.to_string();
    let Some(found) = cx.disk().read_all(&path) else {
        let directory = Uuid::from_bytes(cx.rng().uuid_bytes());
        let text = format!(
            "#\nversion=1\nnode.id={node_id}\ndirectory.id={}\ncluster.id={}\n",
            uuid_text(directory),
            config.cluster_id
        );
        return cx.disk().replace(&path, text.as_bytes()).map_err(|error| error.to_string());
    };
    let text = String::from_utf8_lossy(&found).into_owned();
    let value = |key: &str| text.lines().find_map(|line| line.split_once('=').filter(|(k, _)| *k == key)).map(|p| p.1);
    for (key, expected) in [("cluster.id", &config.cluster_id), ("node.id", &node_id)] {
        let read = value(key).unwrap_or_default();
        if read != expected {
            return Err(format!("Invalid {key} in: {path}. Expected {expected}, but read {read}"));
        }
    }
    Ok(())
}

/// The records a new cluster begins with: features, and the cluster-wide min ISR that eligible leader replicas need
/// (`ConfigurationControlManager.maybeGenerateElrSafetyRecords`: the controller's own setting becomes everybody's).
pub(super) fn bootstrap_records(config: &ControllerConfig) -> Vec<MetadataRecord> {
    let level =
        |name: &str, feature_level| MetadataRecord::FeatureLevel(FeatureLevel { name: name.to_owned(), feature_level });
    let order = ["metadata.version", "eligible.leader.replicas.version", "group.version", "share.version"];
    let order = order.into_iter().chain(["streams.version", "transaction.version"]);
    let features = order.filter_map(|name| {
        let (_, _, _, default) = FEATURES.iter().find(|feature| feature.0 == name)?;
        Some(level(name, *default))
    });
    let min_isr = Config {
        resource_type: 4,
        resource_name: String::new(),
        name: "min.insync.replicas".to_owned(),
        value: Some(config.number("min.insync.replicas", 1).to_string()),
    };
    let mut records = vec![MetadataRecord::BeginTransaction { name: Some("Bootstrap records".to_owned()) }];
    records.extend(features);
    records.push(MetadataRecord::Config(min_isr));
    records.push(MetadataRecord::EndTransaction);
    records
}

/// The registration of this controller, as the active controller itself writes it.
pub(super) fn registration_record(config: &ControllerConfig, incarnation_id: Uuid) -> MetadataRecord {
    let feature = |(name, min, max, _): &(&str, i16, i16, i16)| FeatureRange {
        name: (*name).to_owned(),
        min_supported_version: *min,
        max_supported_version: *max,
    };
    MetadataRecord::RegisterController(RegisterController {
        controller_id: config.node_id,
        incarnation_id,
        zk_migration_ready: false,
        endpoints: vec![Endpoint {
            name: "CONTROLLER".to_owned(),
            host: "localhost".to_owned(),
            port: config.port_of(config.node_id).unwrap_or(0),
            security_protocol: 0,
        }],
        features: FEATURES.iter().map(feature).collect(),
    })
}

/// The same as a request to the active controller.
pub(super) fn registration_request(config: &ControllerConfig, incarnation_id: Uuid) -> ControllerRegistrationRequest {
    let feature = |(name, min, max, _): &(&str, i16, i16, i16)| {
        let feature = Feature::default().with_name(str_bytes(name));
        feature.with_min_supported_version(*min).with_max_supported_version(*max)
    };
    let listener = Listener::default()
        .with_name(str_bytes("CONTROLLER"))
        .with_host(str_bytes("localhost"))
        .with_port(config.port_of(config.node_id).unwrap_or(0));
    ControllerRegistrationRequest::default()
        .with_controller_id(config.node_id)
        .with_incarnation_id(incarnation_id)
        .with_listeners(vec![listener])
        .with_features(FEATURES.iter().map(feature).collect())
}
