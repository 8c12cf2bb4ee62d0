//! The tree of a command line. Serves parser and interpreter; invariant: words keep their quoting, for expansion happens
//! when a command runs and not before.

use std::sync::Arc;

/// Commands in sequence.
pub type List = Vec<Item>;

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What to run.
    pub and_or: Arc<AndOr>,
    /// Whether `&` ends it.
    pub background: bool,
    /// The text it was typed as, for `jobs`.
    pub text: String,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Arc<Pipeline>,
    /// The others, each with what stands before it.
    pub rest: Vec<(Connector, Arc<Pipeline>)>,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Whether `!` stands before it.
    pub negated: bool,
    /// The commands, at least one.
    pub commands: Vec<Arc<Command>>,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A word and its arguments.
    Simple(Simple),
    /// A construct with commands inside.
    Compound {
        /// The construct.
        compound: Compound,
        /// Redirections of the whole.
        redirects: Vec<Redirect>,
    },
}

/// A simple command: assignments, words, redirections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// `NAME=value` before the command.
    pub assignments: Vec<(String, Word)>,
    /// The command and its arguments.
    pub words: Vec<Word>,
    /// In the order they stand.
    pub redirects: Vec<Redirect>,
}

/// A construct with commands inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compound {
    /// `for NAME in WORDS; do BODY; done`
    For {
        /// The variable.
        name: String,
        /// What it goes through.
        words: Vec<Word>,
        /// Run for each.
        body: Arc<List>,
    },
    /// `while CONDITION; do BODY; done`, or `until`.
    While {
        /// Ends the loop once it fails (or, with `until`, succeeds).
        condition: Arc<List>,
        /// Run as long.
        body: Arc<List>,
        /// Whether it is an `until`.
        until: bool,
    },
    /// `if A; then B; elif C; then D; else E; fi`
    If {
        /// Conditions with what follows them.
        arms: Vec<(Arc<List>, Arc<List>)>,
        /// The `else` part.
        otherwise: Option<Arc<List>>,
    },
    /// `{ LIST; }`
    Group(Arc<List>),
    /// `( LIST )`
    Subshell(Arc<List>),
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The stream: 0, 1 or 2.
    pub fd: u8,
    /// Where to.
    pub kind: RedirectKind,
}

/// Where a stream is led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `< file`
    Read(Word),
    /// `> file`
    Write(Word),
    /// `>> file`
    Append(Word),
    /// `&> file`: both output streams; the flag tells `&>>`.
    Both(Word, bool),
    /// `>&2`: the same as another stream.
    Duplicate(u8),
    /// `<< END` or `<<< word`: this text.
    Text(Word),
}

/// A word before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands.
    Literal {
        /// The text.
        text: String,
        /// Whether quotes keep it from globbing.
        quoted: bool,
    },
    /// `$NAME`, `${NAME…}`.
    Variable {
        /// Which.
        name: String,
        /// What is done with it.
        usage: VariableUse,
        /// Whether quotes keep it in one piece.
        quoted: bool,
    },
    /// `$(…)` or backquotes: what the commands print.
    Substitution {
        /// The commands.
        list: Arc<List>,
        /// Whether quotes keep it in one piece.
        quoted: bool,
    },
    /// `<(…)`: the name of a file that holds what the commands print.
    FileOf {
        /// The commands.
        list: Arc<List>,
    },
    /// `$((…))`.
    Arithmetic {
        /// The expression.
        text: String,
    },
}

/// What `${NAME…}` does with a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableUse {
    /// Its value.
    Value,
    /// `${#NAME}`: its length in characters.
    Length,
    /// `${NAME:-text}`: another value where it is empty or unset.
    Default(String),
    /// `${NAME:+text}`: another value where it is neither.
    Alternative(String),
    /// `${NAME%text}` and `${NAME#text}`: without this end (true) or beginning (false), which may be a glob.
    Without(String, bool),
}

impl Word {
    /// The text, if the word is one unquoted literal: only such words can be keywords.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal { text, quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// A word of one literal.
    pub fn literal(text: impl Into<String>, quoted: bool) -> Word {
        Word { parts: vec![Part::Literal { text: text.into(), quoted }] }
    }
}
