//! Metadata records and image, controller, Raft quorum (KRaft).
//!
//! Serves the broker (image, observer) and the lab (controller nodes). Invariant: all state of the cluster is what replaying
//! the committed part of `__cluster_metadata` gives; every decision is records first.

mod config;
pub mod controller;
pub mod image;
mod node;
mod observer;
mod quorum;
pub mod raft;
pub mod record;
mod rpc;
mod view;

pub use config::{ControllerConfig, ObserverConfig};
pub use image::MetadataImage;
pub use node::ControllerNode;
pub use observer::{ControllerAddress, MetadataObserver, MetadataUpdate};
pub use record::MetadataRecord;
pub use view::{ControllerView, ReplicaProgress, RoleName};
