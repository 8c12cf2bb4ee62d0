//! Log lines of the clients. Serves the tools, which print them as log4j does; invariant: only lines that Kafka's tools
//! show (WARN and above) are made, in the wording of the Java clients.

/// How serious a line is, in log4j's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `WARN`.
    Warn,
    /// `ERROR`.
    Error,
}

impl Level {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }
}

/// One line: the tool prints `[yyyy-MM-dd HH:mm:ss,SSS] WARN text (logger)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How serious.
    pub level: Level,
    /// The text, with the client's prefix such as `[Producer clientId=console-producer] `.
    pub text: String,
    /// The class that writes it, such as `org.apache.kafka.clients.NetworkClient`.
    pub logger: &'static str,
}

/// Collects the lines of one client; the prefix is put before each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    prefix: String,
    lines: Vec<LogLine>,
}

impl Log {
    /// A log whose lines begin with `prefix` (Kafka's `LogContext`).
    pub(crate) fn new(prefix: String) -> Log {
        Log { prefix, lines: Vec::new() }
    }

    /// A WARN line.
    pub(crate) fn warn(&mut self, logger: &'static str, text: impl AsRef<str>) {
        self.line(Level::Warn, logger, text.as_ref());
    }

    /// An ERROR line.
    pub(crate) fn error(&mut self, logger: &'static str, text: impl AsRef<str>) {
        self.line(Level::Error, logger, text.as_ref());
    }

    /// The lines since the last call.
    pub(crate) fn take(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.lines)
    }

    fn line(&mut self, level: Level, logger: &'static str, text: &str) {
        self.lines.push(LogLine { level, text: format!("{}{text}", self.prefix), logger });
    }
}
