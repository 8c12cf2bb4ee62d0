//! Options of the small tools, as POSIX `getopt` reads them. Serves the tools; invariant: an option not in the tool's list is an
//! error, never ignored.

/// Options and operands of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    flags: Vec<(char, Option<String>)>,
    /// What is no option.
    pub operands: Vec<String>,
}

impl Args {
    /// Reads arguments; `flags` are letters without a value, `valued` those with one.
    ///
    /// # Errors
    /// The message of getopt.
    pub fn parse(args: &[String], flags: &str, valued: &str) -> Result<Args, String> {
        let mut result = Args::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                result.operands.extend(rest.cloned());
                break;
            }
            let Some(letters) = arg.strip_prefix('-').filter(|l| !l.is_empty()) else {
                result.operands.push(arg.clone());
                continue;
            };
            if letters.starts_with('-') {
                return Err(format!("unrecognized option '{arg}'"));
            }
            let mut chars = letters.chars();
            while let Some(letter) = chars.next() {
                if flags.contains(letter) {
                    result.flags.push((letter, None));
                } else if valued.contains(letter) {
                    let inline = chars.as_str();
                    let value = match inline.is_empty() {
                        false => Some(inline.to_owned()),
                        true => rest.next().cloned(),
                    };
                    let value = value.ok_or_else(|| format!("option requires an argument -- '{letter}'"))?;
                    result.flags.push((letter, Some(value)));
                    break;
                } else {
                    return Err(format!("invalid option -- '{letter}'"));
                }
            }
        }
        Ok(result)
    }

    /// Whether the flag was given.
    pub fn has(&self, flag: char) -> bool {
        self.flags.iter().any(|(f, _)| *f == flag)
    }

    /// The last value of an option.
    pub fn value(&self, flag: char) -> Option<&str> {
        self.flags.iter().rev().find(|(f, _)| *f == flag)?.1.as_deref()
    }

    /// All values of an option, in order.
    pub fn values(&self, flag: char) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(f, _)| *f == flag).filter_map(|(_, v)| v.as_deref())
    }
}

/// Turns `-5` into `-n 5`, as `head` and `tail` take it.
pub fn number_flag(args: &[String]) -> Vec<String> {
    let digits = |a: &String| {
        a.strip_prefix('-').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
    };
    args.iter().map(|a| digits(a).map_or_else(|| a.clone(), |d| format!("-n{d}"))).collect()
}

/// A time in seconds, with at most six decimals and an optional unit, in microseconds.
pub fn duration_us(text: &str) -> Option<u64> {
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3600),
        (at, 'd') => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if number.is_empty() || number == "." || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let micros: u64 = format!("{decimals:0<6}").get(..6)?.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(micros)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let args = Args::parse(&words("-vn5 x -e a -- -z"), "v", "ne").unwrap();
        assert!(args.has('v') && args.value('n') == Some("5") && args.value('e') == Some("a"));
        assert_eq!(args.operands, ["x", "-z"]);
        assert_eq!(Args::parse(&words("-z"), "v", ""), Err("invalid option -- 'z'".into()));
        assert_eq!(number_flag(&words("-5 x")), ["-n5", "x"]);
    }

    #[test]
    fn durations() {
        let cases = [
            ("1", Some(1_000_000)),
            ("0.25", Some(250_000)),
            ("2m", Some(120_000_000)),
            ("x", None),
            ("", None),
            ("-1", None),
        ];
        for (text, us) in cases {
            assert_eq!(duration_us(text), us, "{text}");
        }
    }
}
