//! `kill`, `fg`, `bg`, `wait`. Serves the shell; invariant: any process of the lab can be signalled by its number, brokers
//! included.

use super::super::state::{Shell, Waiting};
use ottla_world::{Context, Fd, Pid, Signal};

impl Shell {
    pub(super) fn kill(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let mut signal = Signal::Terminate;
        let mut targets = args;
        if let Some((first, rest)) = args.split_first() {
            let name = match first.as_str() {
                "-l" => {
                    self.print(
                        cx,
                        Fd::Stdout,
                        " 1) SIGHUP\t 2) SIGINT\t 9) SIGKILL\t15) SIGTERM\t18) SIGCONT\t19) SIGSTOP\n",
                    );
                    return 0;
                }
                "-s" | "-n" => rest.first().map(String::as_str),
                flag => flag.strip_prefix('-'),
            };
            if let Some(name) = name {
                let Some(parsed) = Signal::parse(name) else {
                    self.complain(cx, format!("kill: {name}: invalid signal specification"));
                    return 1;
                };
                signal = parsed;
                targets = if first == "-s" || first == "-n" { rest.get(1..).unwrap_or_default() } else { rest };
            }
        }
        if targets.is_empty() {
            self.print(
                cx,
                Fd::Stderr,
                "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n",
            );
            return 2;
        }
        let codes: Vec<u8> = targets.iter().map(|target| self.kill_one(cx, target, signal)).collect();
        codes.into_iter().max().unwrap_or(0)
    }

    fn kill_one(&mut self, cx: &mut Context<'_>, target: &str, signal: Signal) -> u8 {
        if target.starts_with('%') {
            let Some(job) = self.jobs.find(Some(target)) else {
                self.complain(cx, format!("kill: {target}: no such job"));
                return 1;
            };
            job.left.iter().for_each(|pid| cx.signal(*pid, signal));
            return 0;
        }
        let Ok(number) = target.parse::<u32>() else {
            self.complain(cx, format!("kill: {target}: arguments must be process or job IDs"));
            return 1;
        };
        // A child started in this very moment is not in the table yet.
        let child = self.jobs.of_pid(Pid(number)).is_some_and(|job| job.left.contains(&Pid(number)));
        if !child && !cx.processes().contains_key(&Pid(number)) {
            self.complain(cx, format!("kill: ({number}) - No such process"));
            return 1;
        }
        cx.signal(Pid(number), signal);
        0
    }

    pub(super) fn resume(&mut self, cx: &mut Context<'_>, name: &str, args: &[String]) -> u8 {
        let word = args.first().map(String::as_str);
        let Some(job) = self.jobs.find(word).filter(|job| !job.left.is_empty()).cloned() else {
            self.complain(cx, format!("{name}: {}: no such job", word.unwrap_or("current")));
            return 1;
        };
        job.left.iter().for_each(|pid| cx.signal(*pid, Signal::Continue));
        if name == "bg" {
            self.print(cx, Fd::Stdout, format!("[{}]+ {} &\n", job.id, job.text));
            return 0;
        }
        self.print(cx, Fd::Stdout, format!("{}\n", job.text));
        self.wait_for(cx, job.left, Some(job.id));
        0
    }

    pub(super) fn wait(&mut self, cx: &mut Context<'_>, args: &[String]) -> u8 {
        let mut ids = Vec::new();
        for word in args {
            let job = match word.starts_with('%') {
                true => self.jobs.find(Some(word)),
                false => word.parse().ok().and_then(|pid| self.jobs.of_pid(Pid(pid))),
            };
            match job {
                Some(job) => ids.push(job.id),
                None => {
                    self.complain(cx, format!("wait: pid {word} is not a child of this shell"));
                    return 127;
                }
            }
        }
        let all = args.is_empty();
        if all {
            ids = self.jobs.running();
        }
        let running = self.jobs.running();
        if ids.iter().any(|id| running.contains(id)) {
            self.waiting = Waiting::Jobs { ids };
            return 0;
        }
        let last = ids.last().and_then(|id| self.jobs.get(*id));
        if all { 0 } else { last.map_or(127, |job| job.status.shell_code()) }
    }
}
