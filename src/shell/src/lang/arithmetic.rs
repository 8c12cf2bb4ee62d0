//! `$((…))`: whole numbers with bash's usual operators. Serves the interpreter; invariant: overflow wraps as in bash, a division
//! by zero is an error, and nesting is bounded.

/// The value of an expression; `variable` gives the text of a name.
///
/// # Errors
/// A message in bash's words.
pub fn evaluate(text: &str, variable: &dyn Fn(&str) -> String) -> Result<i64, String> {
    let mut parser = Parser { text, rest: text, depth: 0, variable };
    if text.trim().is_empty() {
        return Ok(0);
    }
    let value = parser.binary(0)?;
    parser.rest = parser.rest.trim_start();
    match parser.rest.is_empty() {
        true => Ok(value),
        false => Err(parser.error("syntax error in expression")),
    }
}

/// Binary operators by how tightly they bind, longest spelling first within a level.
const LEVELS: &[&[&str]] = &[&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
const MAX_DEPTH: u32 = 100;

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: u32,
    variable: &'a dyn Fn(&str) -> String,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> String {
        format!("{}: {what} (error token is \"{}\")", self.text.trim(), self.rest)
    }

    fn take(&mut self, what: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let Some(operator) = operators.iter().find(|op| self.take(op)) else { return Ok(left) };
            let right = self.binary(level + 1)?;
            left = match *operator {
                "||" => i64::from(left != 0 || right != 0),
                "&&" => i64::from(left != 0 && right != 0),
                "==" => i64::from(left == right),
                "!=" => i64::from(left != right),
                "<=" => i64::from(left <= right),
                ">=" => i64::from(left >= right),
                "<" => i64::from(left < right),
                ">" => i64::from(left > right),
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                "*" => left.wrapping_mul(right),
                _ if right == 0 => return Err(self.error("division by 0")),
                "/" => left.wrapping_div(right),
                _ => left.wrapping_rem(right),
            };
        }
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("expression recursion level exceeded"));
        }
        let value = match () {
            () if self.take("-") => self.unary()?.wrapping_neg(),
            () if self.take("+") => self.unary()?,
            () if self.take("!") => i64::from(self.unary()? == 0),
            () if self.take("(") => {
                let value = self.binary(0)?;
                if !self.take(")") {
                    return Err(self.error("missing `)'"));
                }
                value
            }
            () => self.operand()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn operand(&mut self) -> Result<i64, String> {
        self.take("$");
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        if token.is_empty() {
            return Err(self.error("syntax error: operand expected"));
        }
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            let value = token.parse().map_err(|_| self.error("value too great for base"))?;
            self.rest = rest;
            return Ok(value);
        }
        self.rest = rest;
        Ok((self.variable)(token).trim().parse().unwrap_or(0))
    }
}
