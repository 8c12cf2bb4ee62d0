//! Tokens of a command line. Serves the parser; invariant: each token knows the span of text it came from, and here-documents
//! are attached to the redirection that asked for them.

use super::{
    SyntaxError, Word,
    ast::Part,
    scan::{Scanner, literal},
};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word with its quoting.
    Word(Word),
    /// The digits before a redirection.
    IoNumber(u8),
    /// `;`, `&&`, `>`, …
    Operator(&'static str),
    /// The body of the here-document whose `<<` stands just before.
    HereDocument(Word),
    /// A line end.
    NewLine,
}

/// A token and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

const OPERATORS: &[&str] =
    &["<<<", "&>>", "&&", "||", ";;", "<<", ">>", ">&", "<&", "&>", ">|", "|&", "|", "&", ";", "<", ">", "(", ")"];

/// A here-document whose body begins on the next line.
struct PendingDocument {
    token: usize,
    end: String,
    quoted: bool,
    strip_tabs: bool,
}

/// Splits a text into tokens; `depth` counts the substitutions around it.
pub(super) fn tokens(text: &str, depth: u32) -> Result<Vec<Token>, SyntaxError> {
    let mut scanner = Scanner::new(text, depth)?;
    let mut tokens = Vec::new();
    let mut documents = Vec::new();
    loop {
        scanner.skip_blanks();
        let start = scanner.position();
        let Some(c) = scanner.peek() else { break };
        let kind = match c {
            '#' => {
                scanner.skip_line();
                continue;
            }
            '\n' => {
                scanner.next();
                read_documents(&mut scanner, &mut tokens, &mut documents)?;
                TokenKind::NewLine
            }
            '0'..='2' if scanner.is_io_number() => {
                scanner.next();
                TokenKind::IoNumber(c as u8 - b'0')
            }
            '<' if scanner.at_file_of() => TokenKind::Word(scanner.word()?),
            _ => match OPERATORS.iter().find(|op| scanner.take(op)) {
                Some(&"<<") => {
                    document_start(&mut scanner, &mut tokens, &mut documents)?;
                    continue;
                }
                Some(operator) => TokenKind::Operator(operator),
                None => TokenKind::Word(scanner.word()?),
            },
        };
        tokens.push(Token { kind, start, end: scanner.position() });
    }
    match documents.is_empty() {
        true => Ok(tokens),
        false => Err(SyntaxError::Incomplete),
    }
}

fn document_start(
    scanner: &mut Scanner<'_>,
    tokens: &mut Vec<Token>,
    documents: &mut Vec<PendingDocument>,
) -> Result<(), SyntaxError> {
    let strip_tabs = scanner.take("-");
    scanner.skip_blanks();
    let start = scanner.position();
    let word = scanner.word()?;
    if word.parts.is_empty() {
        return Err(SyntaxError::Unexpected(scanner.peek().map_or("newline".into(), |c| c.to_string())));
    }
    let quoted = word.plain().is_none();
    let end = word.parts.iter().map(literal).collect();
    tokens.push(Token { kind: TokenKind::Operator("<<"), start, end: scanner.position() });
    documents.push(PendingDocument { token: tokens.len(), end, quoted, strip_tabs });
    let kind = TokenKind::HereDocument(Word::default());
    tokens.push(Token { kind, start, end: scanner.position() });
    Ok(())
}

fn read_documents(
    scanner: &mut Scanner<'_>,
    tokens: &mut [Token],
    documents: &mut Vec<PendingDocument>,
) -> Result<(), SyntaxError> {
    for document in std::mem::take(documents) {
        let mut body = String::new();
        loop {
            let line = scanner.line().ok_or(SyntaxError::Incomplete)?;
            let line = if document.strip_tabs { line.trim_start_matches('\t') } else { line };
            if line == document.end {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        let word = match document.quoted {
            true => Word { parts: vec![Part::Literal { text: body, quoted: true }] },
            false => scanner.nested(&body)?.document()?,
        };
        tokens[document.token].kind = TokenKind::HereDocument(word);
    }
    Ok(())
}
