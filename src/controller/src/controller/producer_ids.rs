//! Blocks of producer ids (`ProducerIdControlManager`). Invariant: no id is in two blocks.

use super::active::Controller;
use super::result::{ApiError, ControllerResult};
use crate::record::{MetadataRecord, ProducerIds};
use ottla_wire::messages::AllocateProducerIdsRequest;

/// Ids in a block (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
pub const PRODUCER_ID_BLOCK_SIZE: i32 = 1000;

impl Controller {
    /// `generateNextProducerId`: the response is the block's first id.
    ///
    /// # Errors
    /// `STALE_BROKER_EPOCH`.
    pub fn allocate_producer_ids(
        &self,
        request: &AllocateProducerIdsRequest,
    ) -> Result<ControllerResult<i64>, ApiError> {
        self.check_broker_epoch(request.broker_id.0, request.broker_epoch)?;
        let first = self.image.next_producer_id();
        let record = ProducerIds {
            broker_id: request.broker_id.0,
            broker_epoch: request.broker_epoch,
            next_producer_id: first + i64::from(PRODUCER_ID_BLOCK_SIZE),
        };
        Ok(ControllerResult::new(vec![MetadataRecord::ProducerIds(record)], first))
    }
}
