//! Producer ids (`ProducerIdManager`): blocks from the controller, dealt out one by one. Serves idempotent producers;
//! invariant: an id is given once in the life of a cluster.

use crate::{connections::RequestId, node::Running, uplink::Purpose};
use ottla_wire::{
    BrokerId, ErrorCode, ProducerId, RequestKind, ResponseKind,
    messages::{
        AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest, InitProducerIdResponse,
    },
};
use ottla_world::Context;

impl Running {
    pub(crate) fn init_producer_id(&mut self, cx: &mut Context<'_>, id: RequestId, request: &InitProducerIdRequest) {
        if let Some(transactional_id) = &request.transactional_id {
            let empty = transactional_id.0.is_empty();
            let error = if empty { ErrorCode::InvalidRequest } else { ErrorCode::CoordinatorNotAvailable };
            return self.respond(cx, id, answer(error, -1, -1));
        }
        if self.producer_ids.is_empty() {
            if !self.uplink.has(&Purpose::ProducerIds) {
                let request = AllocateProducerIdsRequest::default()
                    .with_broker_id(BrokerId(self.config.node_id))
                    .with_broker_epoch(self.lifecycle.epoch);
                let body = RequestKind::AllocateProducerIds(request);
                self.uplink.call(cx.now(), Purpose::ProducerIds, 0, body, 30_000);
            }
            // The client asks again until the block is there.
            return self.respond(cx, id, answer(ErrorCode::CoordinatorLoadInProgress, -1, -1));
        }
        let given = self.producer_ids.start;
        self.producer_ids.start += 1;
        self.respond(cx, id, answer(ErrorCode::None, given, 0));
    }

    pub(crate) fn producer_ids_allocated(&mut self, response: &AllocateProducerIdsResponse) {
        if response.error_code == 0 {
            let start = response.producer_id_start.0;
            self.producer_ids = start..start + i64::from(response.producer_id_len.max(0));
        }
    }
}

fn answer(error: ErrorCode, producer_id: i64, epoch: i16) -> ResponseKind {
    let response = InitProducerIdResponse::default()
        .with_error_code(error.code())
        .with_producer_id(ProducerId(producer_id))
        .with_producer_epoch(epoch);
    ResponseKind::InitProducerId(response)
}
