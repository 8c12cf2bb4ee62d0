//! Jobs in the background. Serves `&`, `jobs`, `fg`, `wait`, `kill %1`; invariant: a job is reported once when it ends, and then
//! forgotten.

use super::state::{Shell, Waiting};
use ottla_world::{Context, ExitStatus, Fd, Pid, Signal};

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: u32,
    pub(super) pids: Vec<Pid>,
    pub(super) left: Vec<Pid>,
    pub(super) status: ExitStatus,
    pub(super) text: String,
}

/// All jobs, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Jobs {
    list: Vec<Job>,
}

/// What bash says of a process that a signal ended.
pub(super) fn signal_text(signal: Signal) -> &'static str {
    match signal {
        Signal::HangUp => "Hangup",
        Signal::Interrupt => "",
        Signal::Kill => "Killed",
        Signal::Pipe => "Broken pipe",
        Signal::Terminate => "Terminated",
        Signal::Continue | Signal::Stop => "Stopped",
    }
}

impl Job {
    fn state(&self) -> String {
        match (self.left.is_empty(), self.status) {
            (false, _) => "Running".to_owned(),
            (true, ExitStatus::Code(0)) => "Done".to_owned(),
            (true, ExitStatus::Code(code)) => format!("Exit {code}"),
            (true, ExitStatus::Signal(signal)) => signal_text(signal).to_owned(),
        }
    }

    fn row(&self, mark: char) -> String {
        let end = if self.left.is_empty() { "" } else { " &" };
        format!("[{}]{mark}  {:<24}{}{end}\n", self.id, self.state(), self.text)
    }
}

impl Jobs {
    pub(super) fn add(&mut self, pids: Vec<Pid>, text: String) -> u32 {
        let id = self.list.last().map_or(1, |job| job.id + 1);
        let status = ExitStatus::Code(0);
        self.list.push(Job { id, left: pids.clone(), pids, status, text });
        id
    }

    pub(super) fn child_exited(&mut self, pid: Pid, status: ExitStatus) {
        for job in &mut self.list {
            job.left.retain(|p| *p != pid);
            if job.pids.last() == Some(&pid) {
                job.status = status;
            }
        }
    }

    pub(super) fn forget(&mut self, id: u32) {
        self.list.retain(|job| job.id != id);
    }

    /// The job a word names: `%1`, `%%`, `%+`, or nothing for the newest.
    pub(super) fn find(&self, word: Option<&str>) -> Option<&Job> {
        match word.map(|w| w.strip_prefix('%').unwrap_or(w)) {
            None | Some("" | "%" | "+") => self.list.last(),
            Some("-") => self.list.iter().rev().nth(1),
            Some(text) => match text.parse::<u32>() {
                Ok(id) => self.list.iter().find(|job| job.id == id),
                Err(_) => self.list.iter().rev().find(|job| job.text.starts_with(text)),
            },
        }
    }

    pub(super) fn running(&self) -> Vec<u32> {
        self.list.iter().filter(|job| !job.left.is_empty()).map(|job| job.id).collect()
    }

    pub(super) fn of_pid(&self, pid: Pid) -> Option<&Job> {
        self.list.iter().find(|job| job.pids.contains(&pid))
    }

    pub(super) fn get(&self, id: u32) -> Option<&Job> {
        self.list.iter().find(|job| job.id == id)
    }

    fn mark(&self, at: usize) -> char {
        match self.list.len() - at {
            1 => '+',
            2 => '-',
            _ => ' ',
        }
    }

    pub(super) fn table(&self) -> String {
        self.list.iter().enumerate().map(|(at, job)| job.row(self.mark(at))).collect()
    }

    /// The rows of the jobs that ended, which are forgotten.
    pub(super) fn take_ended(&mut self) -> String {
        let ended = |(_, job): &(usize, &Job)| job.left.is_empty();
        let rows = self.list.iter().enumerate().filter(ended).map(|(at, job)| job.row(self.mark(at))).collect();
        self.list.retain(|job| !job.left.is_empty());
        rows
    }
}

impl Shell {
    pub(super) fn add_job(&mut self, cx: &mut Context<'_>, pids: Vec<Pid>, text: String) {
        let Some(last) = pids.last().copied() else { return };
        self.last_background = Some(last);
        let id = self.jobs.add(pids, text);
        if self.interactive {
            self.print(cx, Fd::Stderr, format!("[{id}] {}\n", last.0));
        }
    }

    pub(super) fn report_jobs(&mut self, cx: &mut Context<'_>) {
        let rows = self.jobs.take_ended();
        self.print(cx, Fd::Stderr, rows);
    }

    /// Ends `wait` once all it waits for have ended.
    pub(super) fn check_wait(&mut self, cx: &mut Context<'_>) {
        let Waiting::Jobs { ids } = &self.waiting else { return };
        let running = self.jobs.running();
        if ids.iter().any(|id| running.contains(id)) {
            return;
        }
        let last = ids.last().and_then(|id| self.jobs.get(*id)).map(|job| job.status.shell_code());
        self.status = last.unwrap_or(0);
        self.waiting = Waiting::No;
        self.run(cx);
    }
}
