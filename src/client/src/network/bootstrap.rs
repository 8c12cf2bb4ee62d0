//! `bootstrap.servers`. Serves the clients' constructors; invariant: the checks and texts of Kafka's
//! `ClientUtils.parseAndValidateAddresses`. Names are resolved by the virtual network's rule: everything is `localhost`.

use crate::{JavaError, Level, LogLine, Node};

const LOGGER: &str = "org.apache.kafka.clients.ClientUtils";

/// The bootstrap servers as nodes -1, -2, …, and the log lines of those that cannot be resolved.
///
/// # Errors
/// `ConfigException` for a bad address, or if none can be resolved; it carries the log lines.
pub(crate) fn parse(servers: &str) -> Result<(Vec<Node>, Vec<LogLine>), JavaError> {
    let mut nodes = Vec::new();
    let mut log = Vec::new();
    let urls = servers.split(',').map(str::trim).filter(|url| !url.is_empty());
    for url in urls {
        let fail = |what: &str| JavaError::config(format!("Invalid {what} in bootstrap.servers: {url}"));
        let (host, port) = split(url).ok_or_else(|| fail("url"))?;
        let port = port.parse::<u16>().map_err(|_| fail("port"))?;
        if resolves(host) {
            let id = -1 - i32::try_from(nodes.len()).unwrap_or(i32::MAX - 1);
            nodes.push(Node::new(id, host, port));
        } else {
            log.push(LogLine {
                level: Level::Warn,
                text: format!(
                    "Couldn't resolve server {url} from bootstrap.servers as DNS resolution failed for {host}"
                ),
                logger: LOGGER,
            });
        }
    }
    if nodes.is_empty() {
        let mut error = JavaError::config("No resolvable bootstrap urls given in bootstrap.servers");
        error.log = log;
        return Err(error);
    }
    Ok((nodes, log))
}

/// Host and port text of `[protocol://]host:port`; the host may stand in brackets.
fn split(url: &str) -> Option<(&str, &str)> {
    let (rest, port) = url.rsplit_once(':')?;
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let rest = rest.strip_suffix(']').unwrap_or(rest);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '%' | '.' | '_' | ':');
    let start = rest.rfind(|c| !is_host(c)).map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
    let host = &rest[start..];
    (!host.is_empty()).then_some((host, port))
}

fn resolves(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1") || host.starts_with("broker-") || host.starts_with("controller-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_lists() {
        let parsed = |list| parse(list).map(|(n, _)| n.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            parsed("localhost:9092, PLAINTEXT://127.0.0.1:9093,").unwrap(),
            [
                "localhost:9092 (id: -1 rack: null isFenced: false)",
                "127.0.0.1:9093 (id: -2 rack: null isFenced: false)"
            ]
        );
        let cases = [
            ("localhost", "Invalid url in bootstrap.servers: localhost"),
            ("localhost:", "Invalid url in bootstrap.servers: localhost:"),
            ("localhost:99999", "Invalid port in bootstrap.servers: localhost:99999"),
            ("", "No resolvable bootstrap urls given in bootstrap.servers"),
            ("nosuchhost.invalid:9092", "No resolvable bootstrap urls given in bootstrap.servers"),
        ];
        for (list, text) in cases {
            assert_eq!(parsed(list).unwrap_err().text(), text, "{list}");
        }
        let error = parse("nosuchhost.invalid:9092").unwrap_err();
        assert_eq!(
            error.log[0].text,
            "Couldn't resolve server nosuchhost.invalid:9092 from bootstrap.servers as DNS resolution failed for \
             nosuchhost.invalid"
        );
    }
}
