//! Brokers as clients know them. Serves all clients; invariant: a bootstrap server has a negative id.

/// A broker as clients know it; shown as `localhost:9092 (id: 1 rack: null isFenced: false)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its id; negative for bootstrap servers.
    pub id: i32,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its rack.
    pub rack: Option<String>,
    /// Whether the controller has fenced it.
    pub is_fenced: bool,
}

impl Node {
    /// A broker without a rack.
    pub fn new(id: i32, host: impl Into<String>, port: u16) -> Node {
        Node { id, host: host.into(), port, rack: None, is_fenced: false }
    }

    /// The address as the JVM prints it: `localhost/127.0.0.1:9092`.
    pub fn socket_address(&self) -> String {
        let name = if self.host == "127.0.0.1" { "" } else { self.host.as_str() };
        format!("{name}/127.0.0.1:{}", self.port)
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rack = self.rack.as_deref().unwrap_or("null");
        let Node { id, host, port, is_fenced, .. } = self;
        write!(f, "{host}:{port} (id: {id} rack: {rack} isFenced: {is_fenced})")
    }
}
