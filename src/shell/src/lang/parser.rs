//! Tokens to the tree. Serves the shell; invariant: recursion is bounded, and every error names the token bash would name.

use super::{
    SyntaxError,
    ast::{AndOr, Command, Compound, Connector, Item, List, Pipeline, Redirect, RedirectKind, Simple, Word},
    lexer::{Token, TokenKind, tokens},
    scan::{assignment, is_variable_name},
};
use std::sync::Arc;

/// Constructs inside constructs, at most.
const MAX_DEPTH: u32 = 40;
const KEYWORDS: &[&str] =
    &["if", "then", "elif", "else", "fi", "for", "do", "done", "while", "until", "in", "{", "}", "!"];
const LEFT_OUT: &[&str] = &["case", "select", "function", "coproc"];

/// Parses one or more lines.
///
/// # Errors
/// A [`SyntaxError`]; those that `wants_more` may go away with another line.
pub fn parse(text: &str) -> Result<List, SyntaxError> {
    parse_nested(text, 0)
}

pub(super) fn parse_nested(text: &str, depth: u32) -> Result<List, SyntaxError> {
    let tokens = tokens(text, depth)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0 };
    let list = parser.list(&[])?;
    match parser.peek() {
        None => Ok(list),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|t| &t.kind)
    }

    fn unexpected(&self) -> SyntaxError {
        match self.tokens.get(self.at) {
            None => SyntaxError::Incomplete,
            Some(Token { kind: TokenKind::NewLine, .. }) => SyntaxError::Unexpected("newline".into()),
            Some(token) => SyntaxError::Unexpected(self.text[token.start..token.end].to_owned()),
        }
    }

    fn operator(&mut self, what: &str) -> bool {
        let found = matches!(self.peek(), Some(TokenKind::Operator(op)) if *op == what);
        self.at += usize::from(found);
        found
    }

    fn keyword(&self) -> Option<&'static str> {
        match self.peek() {
            Some(TokenKind::Word(word)) => KEYWORDS.iter().copied().find(|k| word.plain() == Some(k)),
            _ => None,
        }
    }

    fn take_keyword(&mut self, what: &str) -> bool {
        let found = self.keyword() == Some(what);
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, what: &str) -> Result<(), SyntaxError> {
        match self.take_keyword(what) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn skip_newlines(&mut self) {
        while self.peek() == Some(&TokenKind::NewLine) {
            self.at += 1;
        }
    }

    /// Commands up to one of the `ends` (keywords or `)`), which is left in place, or to the end of the text.
    fn list(&mut self, ends: &[&str]) -> Result<List, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::TooDeep);
        }
        let mut list = List::new();
        loop {
            self.skip_newlines();
            if self.at_end_of_list(ends) {
                break;
            }
            let start = self.tokens[self.at].start;
            let and_or = Arc::new(self.and_or()?);
            let end = self.tokens[self.at - 1].end;
            let background = self.operator("&");
            let ended = background || self.operator(";") || self.peek() == Some(&TokenKind::NewLine);
            list.push(Item { and_or, background, text: self.text[start..end].to_owned() });
            if !ended {
                break;
            }
        }
        self.depth -= 1;
        match list.is_empty() && !ends.is_empty() {
            true => Err(self.unexpected()),
            false => Ok(list),
        }
    }

    fn at_end_of_list(&self, ends: &[&str]) -> bool {
        match self.peek() {
            None => true,
            Some(TokenKind::Operator(op)) => ends.contains(op),
            _ => self.keyword().is_some_and(|k| ends.contains(&k)),
        }
    }

    fn and_or(&mut self) -> Result<AndOr, SyntaxError> {
        let first = Arc::new(self.pipeline()?);
        let mut rest = Vec::new();
        loop {
            let connector = match () {
                () if self.operator("&&") => Connector::And,
                () if self.operator("||") => Connector::Or,
                () => return Ok(AndOr { first, rest }),
            };
            self.skip_newlines();
            rest.push((connector, Arc::new(self.pipeline()?)));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, SyntaxError> {
        let mut negated = false;
        while self.take_keyword("!") {
            negated = !negated;
        }
        let mut commands = vec![self.command()?];
        loop {
            let with_errors = self.operator("|&");
            if !with_errors && !self.operator("|") {
                break;
            }
            if with_errors && let Some(command) = commands.last_mut() {
                redirects(command).push(Redirect { fd: 2, kind: RedirectKind::Duplicate(1) });
            }
            self.skip_newlines();
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands: commands.into_iter().map(Arc::new).collect() })
    }

    fn command(&mut self) -> Result<Command, SyntaxError> {
        let compound = match self.keyword() {
            Some("for") => self.for_loop()?,
            Some("while") => self.while_loop(false)?,
            Some("until") => self.while_loop(true)?,
            Some("if") => self.if_command()?,
            Some("{") => {
                self.at += 1;
                let list = self.list(&["}"])?;
                self.expect_keyword("}")?;
                Compound::Group(Arc::new(list))
            }
            Some(_) => return Err(self.unexpected()),
            None if self.operator("(") => {
                let list = self.list(&[")"])?;
                if !self.operator(")") {
                    return Err(self.unexpected());
                }
                Compound::Subshell(Arc::new(list))
            }
            None => return self.simple().map(Command::Simple),
        };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok(Command::Compound { compound, redirects })
    }

    fn simple(&mut self) -> Result<Simple, SyntaxError> {
        let mut simple = Simple::default();
        let start = self.at;
        loop {
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            let Some(TokenKind::Word(word)) = self.peek() else { break };
            let word = word.clone();
            if simple.words.is_empty() {
                if let Some(left_out) = word.plain().filter(|w| LEFT_OUT.contains(w)) {
                    return Err(SyntaxError::Unsupported(left_out.to_owned()));
                }
                if let Some(assignment) = assignment(&word) {
                    self.at += 1;
                    simple.assignments.push(assignment);
                    continue;
                }
            }
            self.at += 1;
            simple.words.push(word);
        }
        match self.at == start {
            true => Err(self.unexpected()),
            false => Ok(simple),
        }
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
        let mut fd = None;
        if let Some(TokenKind::IoNumber(number)) = self.peek() {
            fd = Some(*number);
            self.at += 1;
        }
        let Some(TokenKind::Operator(operator)) = self.peek().cloned() else { return Ok(None) };
        let default = u8::from(operator.starts_with(['>', '&']));
        if !matches!(operator, "<" | ">" | ">|" | ">>" | "<<" | "<<<" | ">&" | "<&" | "&>" | "&>>") {
            return Ok(None);
        }
        self.at += 1;
        let word = match self.peek() {
            Some(TokenKind::Word(word) | TokenKind::HereDocument(word)) => word.clone(),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let kind = match operator {
            "<" => RedirectKind::Read(word),
            ">>" => RedirectKind::Append(word),
            "<<" => RedirectKind::Text(word),
            "<<<" => RedirectKind::Text(with_newline(word)),
            "&>" | "&>>" => RedirectKind::Both(word, operator == "&>>"),
            ">&" | "<&" => match word.plain().and_then(|w| w.parse().ok()) {
                Some(other @ 0..=2) => RedirectKind::Duplicate(other),
                _ => RedirectKind::Both(word, false),
            },
            _ => RedirectKind::Write(word),
        };
        Ok(Some(Redirect { fd: fd.unwrap_or(default), kind }))
    }

    fn for_loop(&mut self) -> Result<Compound, SyntaxError> {
        self.at += 1;
        let name = match self.peek() {
            Some(TokenKind::Word(word)) => word.plain().filter(|w| is_variable_name(w)).map(str::to_owned),
            _ => None,
        };
        let name = name.ok_or_else(|| self.unexpected())?;
        self.at += 1;
        self.skip_newlines();
        let mut words = Vec::new();
        if self.take_keyword("in") {
            while let Some(TokenKind::Word(word)) = self.peek() {
                words.push(word.clone());
                self.at += 1;
            }
        }
        self.operator(";");
        self.skip_newlines();
        let body = self.loop_body()?;
        Ok(Compound::For { name, words, body })
    }

    fn loop_body(&mut self) -> Result<Arc<List>, SyntaxError> {
        self.expect_keyword("do")?;
        let body = self.list(&["done"])?;
        self.expect_keyword("done")?;
        Ok(Arc::new(body))
    }

    fn while_loop(&mut self, until: bool) -> Result<Compound, SyntaxError> {
        self.at += 1;
        let condition = Arc::new(self.list(&["do"])?);
        let body = self.loop_body()?;
        Ok(Compound::While { condition, body, until })
    }

    fn if_command(&mut self) -> Result<Compound, SyntaxError> {
        let mut arms = Vec::new();
        let mut otherwise = None;
        while self.take_keyword("if") || self.take_keyword("elif") {
            let condition = self.list(&["then"])?;
            self.expect_keyword("then")?;
            let body = self.list(&["elif", "else", "fi"])?;
            arms.push((Arc::new(condition), Arc::new(body)));
            if self.keyword() != Some("elif") {
                break;
            }
        }
        if self.take_keyword("else") {
            otherwise = Some(Arc::new(self.list(&["fi"])?));
        }
        self.expect_keyword("fi")?;
        Ok(Compound::If { arms, otherwise })
    }
}

fn redirects(command: &mut Command) -> &mut Vec<Redirect> {
    match command {
        Command::Simple(simple) => &mut simple.redirects,
        Command::Compound { redirects, .. } => redirects,
    }
}

fn with_newline(mut word: Word) -> Word {
    word.parts.push(super::ast::Part::Literal { text: "\n".into(), quoted: true });
    word
}
