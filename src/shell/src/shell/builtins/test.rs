//! `test` and `[`. Serves conditions; invariant: what is no expression is an error (2), not false (1).

use super::super::state::Shell;
use crate::files::{Files, resolve};
use ottla_world::Context;

impl Shell {
    pub(super) fn test(&mut self, cx: &mut Context<'_>, name: &str, args: &[String]) -> u8 {
        let words = match (name, args.split_last()) {
            ("[", Some((last, rest))) if last == "]" => rest,
            ("[", _) => {
                self.complain(cx, "[: missing `]'");
                return 2;
            }
            _ => args,
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let cwd = self.cwd.clone();
        match evaluate(Files::of(cx), &cwd, &words) {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(message) => {
                self.complain(cx, format!("{name}: {message}"));
                2
            }
        }
    }
}

fn evaluate(files: Files<'_>, cwd: &str, words: &[&str]) -> Result<bool, String> {
    if let Some(at) = words.iter().position(|w| *w == "-o").filter(|at| *at > 0 && words.len() > 3) {
        return Ok(evaluate(files, cwd, &words[..at])? || evaluate(files, cwd, &words[at + 1..])?);
    }
    if let Some(at) = words.iter().position(|w| *w == "-a").filter(|at| *at > 0 && words.len() > 3) {
        return Ok(evaluate(files, cwd, &words[..at])? && evaluate(files, cwd, &words[at + 1..])?);
    }
    match words {
        [] => Ok(false),
        ["!", rest @ ..] if !rest.is_empty() => Ok(!evaluate(files, cwd, rest)?),
        [text] => Ok(!text.is_empty()),
        [operator, text] => {
            let path = resolve(cwd, text);
            match *operator {
                "-z" => Ok(text.is_empty()),
                "-n" => Ok(!text.is_empty()),
                "-e" => Ok(files.exists(&path) || files.is_directory(&path)),
                "-f" | "-r" | "-w" => Ok(files.exists(&path)),
                "-d" => Ok(files.is_directory(&path)),
                "-s" => Ok(files.len(&path).unwrap_or(0) > 0),
                other => Err(format!("{other}: unary operator expected")),
            }
        }
        [left, operator, right] => binary(left, operator, right),
        _ => Err("too many arguments".to_owned()),
    }
}

fn binary(left: &str, operator: &str, right: &str) -> Result<bool, String> {
    match operator {
        "=" | "==" => return Ok(left == right),
        "!=" => return Ok(left != right),
        "<" => return Ok(left < right),
        ">" => return Ok(left > right),
        _ => {}
    }
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{text}: integer expression expected"));
    let compare = |holds: fn(std::cmp::Ordering) -> bool| Ok(holds(number(left)?.cmp(&number(right)?)));
    match operator {
        "-eq" => compare(|o| o.is_eq()),
        "-ne" => compare(|o| o.is_ne()),
        "-lt" => compare(|o| o.is_lt()),
        "-le" => compare(|o| o.is_le()),
        "-gt" => compare(|o| o.is_gt()),
        "-ge" => compare(|o| o.is_ge()),
        other => Err(format!("{other}: binary operator expected")),
    }
}
