//! Topics as the cluster's metadata has them. Serves the picture; invariant: the freshest image of a living node is shown,
//! controllers before brokers.

use crate::{
    Cluster, Lab, NodeKind,
    protocol::{PartitionRow, TopicRow},
};
use ottla_controller::MetadataImage;
use ottla_world::World;
use std::sync::Arc;

/// The freshest metadata that somebody alive has.
pub(crate) fn metadata(lab: &Lab) -> Option<Arc<MetadataImage>> {
    metadata_of(&lab.world, &lab.cluster)
}

/// The freshest metadata that somebody alive has.
pub(crate) fn metadata_of(world: &World, cluster: &Cluster) -> Option<Arc<MetadataImage>> {
    let controllers = cluster.ids(NodeKind::Controller).filter_map(|id| cluster.controller(world, id));
    let images = controllers.filter_map(|c| Some(c.view(world.now(), 0)?.committed));
    let best = images.max_by_key(|image| image.offset());
    best.or_else(|| {
        let brokers = cluster.ids(NodeKind::Broker).filter_map(|id| cluster.broker(world, id));
        brokers.map(|b| b.view().metadata).max_by_key(|image| image.offset())
    })
}

pub(crate) fn rows(image: &MetadataImage) -> Vec<TopicRow> {
    let row = |topic: &ottla_controller::image::TopicImage| TopicRow {
        name: topic.name.clone(),
        internal: topic.name.starts_with("__"),
        partitions: topic
            .partitions
            .iter()
            .map(|(partition, state)| PartitionRow {
                partition: *partition,
                leader: state.has_leader().then_some(state.leader),
                leader_epoch: state.leader_epoch,
                replicas: state.replicas.clone(),
                isr: state.isr.clone(),
                elr: state.elr.clone(),
            })
            .collect(),
    };
    image.topics_by_name().map(row).collect()
}

/// The partitions a node leads, as the cluster's metadata has it.
pub(crate) fn led_by(world: &World, cluster: &Cluster, node: i32) -> Vec<(String, i32)> {
    let Some(image) = metadata_of(world, cluster) else { return Vec::new() };
    let led = image.topics_by_name().flat_map(|topic| {
        let mine = topic.partitions.iter().filter(move |(_, state)| state.leader == node);
        mine.map(|(partition, _)| (topic.name.clone(), *partition))
    });
    led.collect()
}
