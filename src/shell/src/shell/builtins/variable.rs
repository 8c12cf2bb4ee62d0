//! `cd`, `export`, `set`. Serves the shell; invariant: `PWD` always says where the shell is.

use super::super::state::Shell;
use crate::files::{Files, resolve};
use ottla_world::{Context, Fd};

impl Shell {
    pub(super) fn cd(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let old = self.variables.get("OLDPWD").unwrap_or_default().to_owned();
        let target = match args.first().map(String::as_str) {
            None => self.variables.get("HOME").unwrap_or("/").to_owned(),
            Some("-") if old.is_empty() => {
                self.complain(cx, "cd: OLDPWD not set");
                return 1;
            }
            Some("-") => old,
            Some(path) => path.to_owned(),
        };
        if args.len() > 1 {
            self.complain(cx, "cd: too many arguments");
            return 1;
        }
        let path = resolve(&self.cwd, &target);
        let home = resolve("", self.variables.get("HOME").unwrap_or("/"));
        let here = path == self.cwd || path == home || home.starts_with(&format!("{path}/"));
        if !here && !Files::of(cx).is_directory(&path) {
            let why = if Files::of(cx).exists(&path) { "Not a directory" } else { "No such file or directory" };
            self.complain(cx, format!("cd: {target}: {why}"));
            return 1;
        }
        if args.first().is_some_and(|a| a == "-") {
            self.print(cx, Fd::Stdout, format!("/{path}\n"));
        }
        self.variables.set("OLDPWD", format!("/{}", self.cwd));
        self.cwd = path;
        self.variables.set("PWD", format!("/{}", self.cwd));
        0
    }

    pub(super) fn export(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        if args.is_empty() || args == ["-p"] {
            let rows = self.variables.exported().into_iter().map(|(n, v)| format!("declare -x {n}=\"{v}\"\n"));
            self.print(cx, Fd::Stdout, rows.collect::<String>());
            return 0;
        }
        let mut code = 0;
        for arg in args {
            let (name, value) = arg.split_once('=').map_or((arg.as_str(), None), |(n, v)| (n, Some(v)));
            let valid = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !valid {
                self.complain(cx, format!("export: `{arg}': not a valid identifier"));
                code = 1;
                continue;
            }
            if let Some(value) = value {
                self.variables.set(name, value);
            }
            self.variables.export(name);
        }
        code
    }

    pub(super) fn set(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => {
                let rows: String = self.variables.all().map(|(n, v)| format!("{n}={v}\n")).collect();
                self.print(cx, Fd::Stdout, rows);
            }
            ["-o", "pipefail"] => self.pipefail = true,
            ["+o", "pipefail"] => self.pipefail = false,
            ["-o"] => {
                let state = if self.pipefail { "on" } else { "off" };
                self.print(cx, Fd::Stdout, format!("pipefail       \t{state}\n"));
            }
            ["--", rest @ ..] => self.variables.positional = rest.iter().map(|w| (*w).to_owned()).collect(),
            [option, ..] if option.starts_with(['-', '+']) => {
                self.complain(cx, format!("set: {option}: not part of this shell"));
                return 2;
            }
            rest => self.variables.positional = rest.iter().map(|w| (*w).to_owned()).collect(),
        }
        0
    }
}
