//! Log lines as log4j writes them on standard error. Serves the tools; invariant: time stamps come from the host's wall clock.

use crate::calendar::DateTime;
use ottla_client::{Level, LogLine};

/// `[2026-01-01 00:00:00,000] WARN text (logger)` with its line end.
pub fn log_line(wall_ms: i64, line: &LogLine) -> String {
    let LogLine { level, text, logger } = line;
    let time = DateTime::from_millis(wall_ms).log4j();
    // An exception that was logged with a text stands in the lines after it.
    let (first, exception) = text.split_once('\n').map_or((text.as_str(), None), |(f, e)| (f, Some(e)));
    let mut out = format!("[{time}] {} {first} ({logger})\n", level.as_str());
    if let Some(exception) = exception {
        out.push_str(exception.trim_end_matches('\n'));
        out.push('\n');
    }
    out
}

/// An ERROR line of a tool.
pub fn error_line(text: impl Into<String>, logger: &'static str) -> LogLine {
    LogLine { level: Level::Error, text: text.into(), logger }
}
