//! The language of the terminals: a small, honest subset of bash.
//!
//! Serves the shell process. Invariant: pure text in, tree or [`SyntaxError`] out; no line panics or hangs, and what is not
//! understood is refused with bash's words rather than guessed at.

mod arithmetic;
mod ast;
mod braces;
mod glob;
mod lexer;
mod parser;
mod scan;
#[cfg(test)]
mod tests;

pub use arithmetic::evaluate;
pub use ast::{
    AndOr, Command, Compound, Connector, Item, List, Part, Pipeline, Redirect, RedirectKind, Simple, VariableUse, Word,
};
pub use braces::expand_braces;
pub use glob::{has_glob, matches_glob};
pub use parser::parse;

use thiserror::Error;

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SyntaxError {
    /// A token stands where none of its kind may.
    #[error("syntax error near unexpected token `{0}'")]
    Unexpected(String),
    /// A quote or bracket stays open: more lines may close it.
    #[error("unexpected EOF while looking for matching `{0}'")]
    Unclosed(char),
    /// The command goes on: more lines may complete it.
    #[error("syntax error: unexpected end of file")]
    Incomplete,
    /// `${…}` with something this shell does not know.
    #[error("{0}: bad substitution")]
    BadSubstitution(String),
    /// A construct of bash that this shell leaves out.
    #[error("{0}: not part of this shell")]
    Unsupported(String),
    /// More nesting than anybody types.
    #[error("commands are nested too deeply")]
    TooDeep,
}

impl SyntaxError {
    /// Whether more lines could complete the command, so that an interactive shell asks for them.
    pub fn wants_more(&self) -> bool {
        matches!(self, SyntaxError::Unclosed(_) | SyntaxError::Incomplete)
    }
}
