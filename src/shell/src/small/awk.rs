//! `awk`, a small part: `PATTERN {print …}` with fields, texts, `NR`, `NF`, sums in variables. Serves pipelines; invariant:
//! numbers are whole, and a program with anything else is refused at the start.

use super::{
    args::Args,
    filter::{Failure, Filter, Parsed},
    io::Io,
    pattern::compile,
};
use regex::bytes::Regex;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Expression {
    Text(String),
    Number(i64),
    Field(Box<Expression>),
    Variable(String),
    Match(Box<Expression>, Regex, bool),
    Binary(Box<Expression>, &'static str, Box<Expression>),
    Concatenation(Vec<Expression>),
}

#[derive(Clone, Debug)]
enum Statement {
    Print(Vec<Expression>),
    Assign(String, &'static str, Expression),
    Next,
}

#[derive(Clone, Debug)]
enum When {
    Begin,
    End,
    Always,
    If(Expression),
}

/// `awk`.
#[derive(Clone, Debug)]
pub struct Awk {
    rules: Vec<(When, Vec<Statement>)>,
    variables: BTreeMap<String, String>,
    record: String,
    fields: Vec<String>,
    number: i64,
    begun: bool,
}

/// Reads the arguments of `awk`.
pub fn awk(args: &[String]) -> Parsed<Awk> {
    let mut args = Args::parse(args, "", "Fv").map_err(|m| Failure::new(2, m))?;
    if args.operands.is_empty() {
        return Err(Failure::new(2, "usage: awk [-F fs][-v var=value] 'prog' [file ...]"));
    }
    let text = args.operands.remove(0);
    let mut parser = Parser { rest: &text, depth: 0 };
    let rules = parser.program().map_err(|message| Failure::new(2, format!("syntax error: {message}")))?;
    let mut variables = BTreeMap::from([("OFS".to_owned(), " ".to_owned())]);
    variables.extend(args.value('F').map(|fs| ("FS".to_owned(), fs.replace("\\t", "\t"))));
    variables.extend(args.values('v').filter_map(|v| v.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())));
    let awk = Awk { rules, variables, record: String::new(), fields: vec![], number: 0, begun: false };
    Ok((awk, args.operands))
}

struct Parser<'a> {
    rest: &'a str,
    depth: u32,
}

const MAX_DEPTH: u32 = 50;
const LEVELS: &[&[&str]] = &[&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">"]];

impl Parser<'_> {
    fn skip(&mut self, newlines: bool) {
        self.rest = self.rest.trim_start_matches(|c| c == ' ' || c == '\t' || (newlines && (c == '\n' || c == ';')));
    }

    fn take(&mut self, what: &str) -> bool {
        self.skip(false);
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> Option<String> {
        self.skip(false);
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        if end == 0 || self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(name.to_owned())
    }

    fn error(&self) -> String {
        format!("near {}", self.rest.chars().take(20).collect::<String>())
    }

    fn program(&mut self) -> Result<Vec<(When, Vec<Statement>)>, String> {
        let mut rules = Vec::new();
        loop {
            self.skip(true);
            if self.rest.is_empty() {
                return Ok(rules);
            }
            let when = match () {
                () if self.take("BEGIN") => When::Begin,
                () if self.take("END") => When::End,
                () if self.rest.starts_with('{') => When::Always,
                () => When::If(self.expression(0)?),
            };
            let statements = match self.take("{") {
                true => self.statements()?,
                false => vec![Statement::Print(Vec::new())],
            };
            rules.push((when, statements));
        }
    }

    fn statements(&mut self) -> Result<Vec<Statement>, String> {
        let mut statements = Vec::new();
        loop {
            self.skip(true);
            if self.take("}") {
                return Ok(statements);
            }
            let name = self.name().ok_or_else(|| self.error())?;
            let statement = match name.as_str() {
                "print" => Statement::Print(self.list()?),
                "next" => Statement::Next,
                _ if self.take("++") => Statement::Assign(name, "+=", Expression::Number(1)),
                _ => {
                    let operator =
                        ["+=", "-=", "="].into_iter().find(|op| self.take(op)).ok_or_else(|| self.error())?;
                    Statement::Assign(name, operator, self.expression(0)?)
                }
            };
            statements.push(statement);
            self.skip(false);
            if !self.rest.starts_with(['}', ';', '\n']) {
                return Err(self.error());
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Expression>, String> {
        let mut list = Vec::new();
        self.skip(false);
        if self.rest.is_empty() || self.rest.starts_with(['}', ';', '\n']) {
            return Ok(list);
        }
        loop {
            list.push(self.expression(0)?);
            if !self.take(",") {
                return Ok(list);
            }
        }
    }

    fn expression(&mut self, level: usize) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nested too deeply".into());
        }
        let result = self.expression_inside(level);
        self.depth -= 1;
        result
    }

    fn expression_inside(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.concatenation() };
        let mut left = self.expression(level + 1)?;
        loop {
            let negated = level == 2 && self.take("!~");
            if negated || (level == 2 && self.take("~")) {
                let pattern = self.regex()?.ok_or_else(|| self.error())?;
                left = Expression::Match(Box::new(left), pattern, negated);
                continue;
            }
            let Some(operator) = operators.iter().copied().find(|op| self.take(op)) else { return Ok(left) };
            let right = self.expression(level + 1)?;
            left = Expression::Binary(Box::new(left), operator, Box::new(right));
        }
    }

    fn concatenation(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.sum()?];
        loop {
            self.skip(false);
            let next = self.rest.chars().next();
            if !next.is_some_and(|c| c == '$' || c == '"' || c == '(' || c.is_ascii_alphanumeric() || c == '_') {
                break;
            }
            parts.push(self.sum()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Concatenation(parts) })
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        while let Some(operator) = ["+", "-"].into_iter().find(|op| self.take(op)) {
            left = Expression::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.operand()?;
        while let Some(operator) = ["*", "/", "%"].into_iter().find(|op| self.take(op)) {
            left = Expression::Binary(Box::new(left), operator, Box::new(self.operand()?));
        }
        Ok(left)
    }

    fn regex(&mut self) -> Result<Option<Regex>, String> {
        if !self.take("/") {
            return Ok(None);
        }
        let end = self.rest.find('/').ok_or("unterminated regular expression")?;
        let regex = compile(&self.rest[..end], true, false)?;
        self.rest = &self.rest[end + 1..];
        Ok(Some(regex))
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.skip(false);
        if let Some(regex) = self.regex()? {
            let record = Expression::Field(Box::new(Expression::Number(0)));
            return Ok(Expression::Match(Box::new(record), regex, false));
        }
        if self.take("!") {
            let inner = self.expression(LEVELS.len())?;
            return Ok(Expression::Binary(Box::new(inner), "==", Box::new(Expression::Number(0))));
        }
        if self.take("$") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("nested too deeply".into());
            }
            let index = self.operand()?;
            self.depth -= 1;
            return Ok(Expression::Field(Box::new(index)));
        }
        if self.take("(") {
            let inner = self.expression(0)?;
            return if self.take(")") { Ok(inner) } else { Err(self.error()) };
        }
        if self.take("\"") {
            let end = self.rest.find('"').ok_or("unterminated string")?;
            let text = self.rest[..end].replace("\\t", "\t").replace("\\n", "\n");
            self.rest = &self.rest[end + 1..];
            return Ok(Expression::Text(text));
        }
        if let Some(name) = self.name() {
            return Ok(Expression::Variable(name));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let number = self.rest[..end].parse().map_err(|_| self.error())?;
        self.rest = &self.rest[end..];
        Ok(Expression::Number(number))
    }
}

fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let signs = usize::from(text.starts_with('-'));
    let digits = text[signs..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| at + signs);
    text[..digits].parse().unwrap_or(0)
}

fn looks_numeric(text: &str) -> bool {
    text.trim().parse::<i64>().is_ok()
}

impl Awk {
    fn value(&self, expression: &Expression) -> String {
        match expression {
            Expression::Text(text) => text.clone(),
            Expression::Number(number) => number.to_string(),
            Expression::Field(index) => match usize::try_from(number(&self.value(index))) {
                Ok(0) => self.record.clone(),
                Ok(index) => self.fields.get(index - 1).cloned().unwrap_or_default(),
                Err(_) => String::new(),
            },
            Expression::Variable(name) => match name.as_str() {
                "NR" | "FNR" => self.number.to_string(),
                "NF" => self.fields.len().to_string(),
                name => self.variables.get(name).cloned().unwrap_or_default(),
            },
            Expression::Match(inner, regex, negated) => {
                u8::from(regex.is_match(self.value(inner).as_bytes()) != *negated).to_string()
            }
            Expression::Concatenation(parts) => parts.iter().map(|p| self.value(p)).collect(),
            Expression::Binary(left, operator, right) => self.binary(left, operator, right),
        }
    }

    fn binary(&self, left: &Expression, operator: &str, right: &Expression) -> String {
        let (a, b) = (self.value(left), self.value(right));
        let (x, y) = (number(&a), number(&b));
        let truth = |t: &str| !t.is_empty() && t != "0";
        let numeric = |t: &str| t.is_empty() || looks_numeric(t);
        let order = if numeric(&a) && numeric(&b) { x.cmp(&y) } else { a.cmp(&b) };
        let result = match operator {
            "+" => x.wrapping_add(y),
            "-" => x.wrapping_sub(y),
            "*" => x.wrapping_mul(y),
            "/" => x.checked_div(y).unwrap_or(0),
            "%" => x.checked_rem(y).unwrap_or(0),
            "&&" => i64::from(truth(&a) && truth(&b)),
            "||" => i64::from(truth(&a) || truth(&b)),
            "==" => i64::from(order.is_eq()),
            "!=" => i64::from(order.is_ne()),
            "<" => i64::from(order.is_lt()),
            "<=" => i64::from(order.is_le()),
            ">" => i64::from(order.is_gt()),
            _ => i64::from(order.is_ge()),
        };
        result.to_string()
    }

    fn run(&mut self, io: &mut Io<'_, '_>, statements: &[Statement]) -> bool {
        for statement in statements {
            match statement {
                Statement::Next => return false,
                Statement::Print(list) if list.is_empty() => io.line(&self.record),
                Statement::Print(list) => {
                    let separator = self.variables.get("OFS").cloned().unwrap_or_default();
                    let values: Vec<String> = list.iter().map(|e| self.value(e)).collect();
                    io.line(values.join(&separator));
                }
                Statement::Assign(name, operator, expression) => {
                    let value = self.value(expression);
                    let old = number(self.variables.get(name).map_or("", String::as_str));
                    let new = match *operator {
                        "+=" => old.wrapping_add(number(&value)).to_string(),
                        "-=" => old.wrapping_sub(number(&value)).to_string(),
                        _ => value,
                    };
                    self.variables.insert(name.clone(), new);
                }
            }
        }
        true
    }

    fn run_rules(&mut self, io: &mut Io<'_, '_>, wanted: fn(&When) -> bool) {
        for (when, statements) in self.rules.clone() {
            let selected = wanted(&when)
                && match &when {
                    When::If(expression) => !matches!(self.value(expression).as_str(), "" | "0"),
                    _ => true,
                };
            if selected && !self.run(io, &statements) {
                return;
            }
        }
    }

    fn begin(&mut self, io: &mut Io<'_, '_>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.run_rules(io, |when| matches!(when, When::Begin));
        }
    }
}

impl Filter for Awk {
    fn take(&mut self, io: &mut Io<'_, '_>, line: &[u8]) -> Option<u8> {
        self.begin(io);
        self.number += 1;
        self.record = String::from_utf8_lossy(line).into_owned();
        self.fields = match self.variables.get("FS").map(String::as_str) {
            None | Some(" ") => self.record.split_whitespace().map(str::to_owned).collect(),
            Some(_) if self.record.is_empty() => Vec::new(),
            Some(separator) => self.record.split(separator).map(str::to_owned).collect(),
        };
        self.run_rules(io, |when| matches!(when, When::Always | When::If(_)));
        None
    }

    fn end(&mut self, io: &mut Io<'_, '_>) -> u8 {
        self.begin(io);
        self.run_rules(io, |when| matches!(when, When::End));
        0
    }
}
