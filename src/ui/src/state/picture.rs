//! The last view in parts that are shared one by one. Serves the cluster pane; invariant: a part whose value did not change
//! keeps its handle, so that only what changed is drawn again.

use crate::shared::{Shared, renew_all};
use ottla_lab::protocol::{
    BrokerCard, ClientCard, ControllerCard, Flight, GroupRow, LabView, LedgerRow, LinkRow, TopicRow,
};

/// The parts of a view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Virtual time, in microseconds.
    pub now_us: u64,
    /// The wall clock of the run, in milliseconds since 1970.
    pub wall_ms: i64,
    /// Brokers.
    pub brokers: Vec<Shared<BrokerCard>>,
    /// Controllers.
    pub controllers: Vec<Shared<ControllerCard>>,
    /// Topics.
    pub topics: Shared<Vec<TopicRow>>,
    /// Client programs.
    pub clients: Vec<Shared<ClientCard>>,
    /// Consumer groups.
    pub groups: Vec<Shared<GroupRow>>,
    /// Frames under way.
    pub flights: Shared<Vec<Flight>>,
    /// Links that are cut or slow.
    pub links: Shared<Vec<LinkRow>>,
    /// The guarantees.
    pub ledger: LedgerRow,
}

impl Picture {
    /// Takes a new view.
    pub fn renew(&mut self, view: LabView) {
        self.now_us = view.now_us;
        self.wall_ms = view.wall_ms;
        renew_all(&mut self.brokers, view.brokers);
        renew_all(&mut self.controllers, view.controllers);
        self.topics.renew(view.topics);
        renew_all(&mut self.clients, view.clients);
        renew_all(&mut self.groups, view.groups);
        self.flights.renew(view.flights);
        self.links.renew(view.links);
        self.ledger = view.ledger;
    }

    /// Nothing has been seen yet.
    pub fn is_empty(&self) -> bool {
        self.brokers.is_empty() && self.controllers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crate::state::sample;

    #[test]
    fn what_did_not_change_keeps_its_handle() {
        let mut picture = sample::picture();
        let before = picture.clone();
        let mut view = sample::view();
        view.now_us += 1;
        view.brokers[1].unfenced = false;
        picture.renew(view);
        assert!(picture.brokers[0] == before.brokers[0] && picture.topics == before.topics);
        assert!(picture.brokers[1] != before.brokers[1] && picture != before);
    }
}
