//! The words of the tables. Serves the picture's twin; invariant: as many heads as cells in a row, which a test counts.

/// A cell of which nothing is known.
pub const UNKNOWN: &str = "\u{2013}";
/// No leader.
pub const NONE: &str = "none";
/// Yes.
pub const YES: &str = "yes";
/// No.
pub const NO: &str = "no";
/// A host without faults.
pub const WELL: &str = "well";
/// A table without rows.
pub const EMPTY: &str = "none";

/// Partitions.
pub const PARTITIONS: &str = "Partitions, as the cluster's metadata has them";
/// Their heads.
pub const PARTITION_HEAD: &[&str] = &[
    "Partition",
    "Leader",
    "Leader epoch",
    "Replicas",
    "In-sync replicas",
    "Eligible leader replicas",
    "Log start offset",
    "High watermark",
    "Log end offset",
];
/// Brokers.
pub const BROKERS: &str = "Brokers";
/// Their heads.
pub const BROKER_HEAD: &[&str] = &["Broker", "Address", "Process", "State", "Host", "May serve", "Leads", "Replicas"];
/// Replicas.
pub const REPLICAS: &str = "Replicas on the brokers' disks";
/// Their heads.
pub const REPLICA_HEAD: &[&str] = &["Partition", "Broker", "Log", "Last record"];
/// Controllers.
pub const CONTROLLERS: &str = "Controllers";
/// Their heads.
pub const CONTROLLER_HEAD: &[&str] =
    &["Controller", "State", "Host", "Role", "Epoch", "Log end offset", "High watermark"];
/// Clients.
pub const CLIENTS: &str = "Clients";
/// Their heads.
pub const CLIENT_HEAD: &[&str] = &["Process", "Command", "Kind", "Group", "Positions", "Records"];
/// Groups.
pub const GROUPS: &str = "Consumer groups";
/// Their heads.
pub const GROUP_HEAD: &[&str] = &["Group", "State", "Generation", "Coordinator", "Members", "Committed offsets"];
/// Links.
pub const LINKS: &str = "Links that are cut, slow or lossy";
/// Their heads.
pub const LINK_HEAD: &[&str] = &["From", "To", "State"];
/// Frames.
pub const FLIGHTS: &str = "Requests and responses under way";
/// Their heads.
pub const FLIGHT_HEAD: &[&str] = &["What", "From", "To", "Sent", "Arrives"];
