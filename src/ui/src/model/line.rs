//! A terminal's text as lines. Serves the terminals' buffers; invariant: control characters never reach the page, and
//! `\r` alone starts the line again, as on a real terminal.

use ottla_lab::protocol::TerminalStream;

/// A line: pieces of one stream each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The pieces, from left to right.
    pub pieces: Vec<(TerminalStream, String)>,
}

impl Line {
    /// Whether a piece of it is error output.
    pub fn has_error(&self) -> bool {
        self.pieces.iter().any(|(stream, _)| *stream == TerminalStream::Stderr)
    }

    /// Its text.
    #[cfg(test)]
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Appends text of a stream.
    pub fn push(&mut self, stream: TerminalStream, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some((last, piece)) if *last == stream => piece.push_str(text),
            _ => self.pieces.push((stream, text.to_owned())),
        }
    }
}

/// What a terminal is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Writes text without control characters other than tabs.
    Text(&'a str),
    /// Ends the line.
    LineFeed,
    /// Starts the line again.
    Return,
    /// Clears the screen.
    Clear,
}

/// The steps of a chunk, in order. Escape sequences (colours, cursor movements) are passed over.
pub fn steps(chunk: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = chunk;
    while let Some(first) = rest.chars().next() {
        let plain = rest.find(|c: char| c.is_control() && c != '\t').unwrap_or(rest.len());
        if plain > 0 {
            steps.push(Step::Text(&rest[..plain]));
            rest = &rest[plain..];
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '\n' => steps.push(Step::LineFeed),
            '\r' if rest.starts_with('\n') => {}
            '\r' => steps.push(Step::Return),
            '\x0c' => steps.push(Step::Clear),
            '\x1b' => rest = after_escape(rest),
            _ => {}
        }
    }
    steps
}

/// What follows an escape sequence, of which the first letter is gone.
fn after_escape(rest: &str) -> &str {
    let Some(sequence) = rest.strip_prefix('[') else {
        return rest;
    };
    let end = sequence.find(|c: char| ('@'..='~').contains(&c));
    end.map_or("", |end| &sequence[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::{Step::*, *};

    #[test]
    fn chunks_become_steps() {
        let table: [(&str, &[Step<'_>]); 7] = [
            ("", &[]),
            ("a\tb\nc", &[Text("a\tb"), LineFeed, Text("c")]),
            ("a\r\nb", &[Text("a"), LineFeed, Text("b")]),
            ("50%\r60%", &[Text("50%"), Return, Text("60%")]),
            ("\x0cx", &[Clear, Text("x")]),
            ("\x1b[1;31mred\x1b[0m", &[Text("red")]),
            ("a\x07é\u{9b}z", &[Text("a"), Text("é"), Text("z")]),
        ];
        for (chunk, expected) in table {
            assert_eq!(steps(chunk), expected, "{chunk:?}");
        }
        assert_eq!(steps("\x1b[1;3"), []);
    }

    #[test]
    fn pieces_of_one_stream_join() {
        let mut line = Line::default();
        line.push(TerminalStream::Stdout, "$ ");
        line.push(TerminalStream::Typed, "l");
        line.push(TerminalStream::Typed, "s");
        line.push(TerminalStream::Stderr, "");
        assert_eq!((line.pieces.len(), line.text().as_str(), line.has_error()), (2, "$ ls", false));
    }
}
