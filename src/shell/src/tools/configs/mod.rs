//! kafka-configs (Kafka's `ConfigCommand`) for topics, brokers and groups. Serves the shell; invariant: quotas of clients, users and
//! addresses are refused, for there is no request for them here.

mod options;
mod quotas;
mod state;

pub use options::TABLE;
pub use state::Configs;
