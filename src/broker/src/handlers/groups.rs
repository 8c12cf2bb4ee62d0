//! Groups: requests to the group coordinator. Serves consumers; invariant: until the coordinator is wired in they are told that
//! it is not available.

use crate::{connections::RequestId, node::Running};
use ottla_wire::Request;
use ottla_world::Context;

impl Running {
    pub(crate) fn group_request(&mut self, cx: &mut Context<'_>, id: RequestId, request: Request) {
        let _ = (cx, id, request);
    }
}
