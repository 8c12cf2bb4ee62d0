//! Metadata records and image, controller, Raft quorum
