//! The programs of a run. Serves the simulation; invariant: they use the clients as any tool does and only keep what the
//! clients told them.

mod consumer;
mod producer;
mod setup;

pub(super) use consumer::{Received, SimConsumer};
pub(super) use producer::SimProducer;
pub(super) use setup::Setup;

use std::collections::BTreeMap;

/// The topic that records go to.
pub(super) const TOPIC: &str = "orders";

/// Settings of a client: the brokers' addresses and what is given.
fn client(settings: &BTreeMap<String, String>, client_id: &str) -> BTreeMap<String, String> {
    let mut all = settings.clone();
    all.insert("bootstrap.servers".to_owned(), "localhost:9092,localhost:9093,localhost:9094".to_owned());
    all.insert("client.id".to_owned(), client_id.to_owned());
    all
}
