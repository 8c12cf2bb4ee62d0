//! A KRaft broker as a pure state machine: request handling, replication, group coordination.
//!
//! Serves the lab (node factories, views) and the native server. Invariants: clients, other brokers and controllers meet it
//! in Kafka requests only; every timer is data; nothing here panics on bytes from outside.

mod config;
mod connections;
mod directories;
mod fetch_session;
mod group;
mod handlers;
mod isr;
mod lifecycle;
mod log_manager;
mod node;
mod purgatory;
mod replica;
mod uplink;
mod view;
mod view_of;

pub use config::BrokerConfig;
pub use node::BrokerNode;
pub use view::{
    BrokerStateName, BrokerView, FollowerProgress, GroupView, MemberView, PartitionView, ReplicaMarks, ReplicaRole,
};
