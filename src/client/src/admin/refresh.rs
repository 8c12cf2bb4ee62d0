//! When the admin client asks for its own metadata. Serves the engine; invariant: one question at a time (Kafka's
//! `AdminMetadataManager`).

use crate::JavaError;
use ottla_world::Time;

/// The state of the metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct Refresh {
    /// Asked for as soon as the back-off allows.
    pub(super) wanted: bool,
    /// On its way.
    pub(super) pending: bool,
    /// When they are too old.
    pub(super) expires: Time,
    /// Not to be asked for before.
    pub(super) retry_at: Time,
    /// Why they never will be had.
    pub(super) fatal: Option<JavaError>,
}

impl Refresh {
    /// When to ask next.
    pub(super) fn next_at(&self) -> Time {
        let wanted = if self.wanted { Time::ZERO } else { self.expires };
        wanted.max(self.retry_at)
    }
}
