//! Request handling, replication, group coordination
