//! Where a response goes, wrapped in an envelope if its request came in one (KIP-590). Serves the controller node.

use crate::quorum::ReplyTo;
use ottla_wire::messages::EnvelopeResponse;
use ottla_wire::{ErrorCode, ResponseKind, encode_response};
use ottla_world::Context;

/// The way back to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The connection, with version and correlation id of the outer request.
    pub(super) to: ReplyTo,
    /// Version and correlation id of the request in the envelope.
    pub(super) inner: Option<(i16, i32)>,
}

impl Reply {
    /// Version of the request that is answered.
    pub(super) fn version(&self) -> i16 {
        self.inner.map_or(self.to.version, |(version, _)| version)
    }

    /// Sends the response. One that its version has no room for ends the connection.
    pub(super) fn send(&self, cx: &mut Context<'_>, response: &ResponseKind) {
        let frame = match self.inner {
            None => encode_response(self.to.version, self.to.correlation_id, response),
            Some((version, correlation_id)) => encode_response(version, correlation_id, response).and_then(|inner| {
                let envelope = EnvelopeResponse::default().with_response_data(Some(inner));
                self.envelope(envelope)
            }),
        };
        self.put(cx, frame.ok());
    }

    /// Tells a broker that its envelope can't be opened here: it looks for the active controller and tries again.
    pub(super) fn refuse_envelope(&self, cx: &mut Context<'_>, code: ErrorCode) {
        let frame = self.envelope(EnvelopeResponse::default().with_error_code(code.code()));
        self.put(cx, frame.ok());
    }

    fn envelope(&self, response: EnvelopeResponse) -> Result<bytes::Bytes, ottla_wire::WireError> {
        encode_response(self.to.version, self.to.correlation_id, &ResponseKind::Envelope(response))
    }

    fn put(&self, cx: &mut Context<'_>, frame: Option<bytes::Bytes>) {
        match frame {
            Some(frame) => cx.send(self.to.connection, frame),
            None => cx.close(self.to.connection),
        }
    }
}
