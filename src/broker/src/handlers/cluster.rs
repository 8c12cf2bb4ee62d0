//! The cluster as a whole (`DescribeCluster`). Serves admin clients; invariant: fenced brokers are shown only to those who
//! ask for them.

use crate::{connections::RequestId, node::Running};
use ottla_wire::{
    BrokerId, ResponseKind,
    messages::{DescribeClusterRequest, DescribeClusterResponse, describe_cluster_response::DescribeClusterBroker},
    str_bytes,
};
use ottla_world::Context;

impl Running {
    pub(crate) fn describe_cluster(&mut self, cx: &mut Context<'_>, id: RequestId, request: &DescribeClusterRequest) {
        let shown = self.image.brokers().values().filter(|b| !b.fenced || request.include_fenced_brokers);
        let row = |b: &ottla_controller::image::BrokerRegistration| {
            let (host, port) = b.address()?;
            Some(
                DescribeClusterBroker::default()
                    .with_broker_id(BrokerId(b.id))
                    .with_host(str_bytes(host))
                    .with_port(i32::from(port))
                    .with_rack(b.rack.as_deref().map(str_bytes))
                    .with_is_fenced(b.fenced),
            )
        };
        let brokers: Vec<DescribeClusterBroker> = shown.filter_map(row).collect();
        let n = brokers.len() as u64;
        let controller = brokers.get(cx.rng().below(n) as usize).map_or(BrokerId(-1), |b| b.broker_id);
        let response = DescribeClusterResponse::default()
            .with_endpoint_type(1)
            .with_cluster_id(str_bytes(&self.config.cluster_id))
            .with_controller_id(controller)
            .with_cluster_authorized_operations(i32::MIN)
            .with_brokers(brokers);
        self.respond(cx, id, ResponseKind::DescribeCluster(response));
    }
}
