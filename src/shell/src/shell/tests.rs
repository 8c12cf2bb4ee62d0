//! Tests of the shell in a world, as tables of command lines and what they print.

use super::{ShellOptions, shell_process};
use ottla_world::{
    CaptureId, HostId, Pid, Sink, Source, SpawnSpec, Stdio, TerminalId, Time, TraceEvent, World, WorldConfig,
};
use proptest::prelude::*;

struct Bench {
    world: World,
    host: HostId,
}

impl Bench {
    fn new() -> Bench {
        let mut world = World::new(WorldConfig::default());
        let host = world.add_host("laptop");
        world.watch();
        Bench { world, host }
    }

    fn spawn(&mut self, options: ShellOptions, stdio: Stdio) -> Pid {
        let process = shell_process(ShellOptions { cwd: "home/you".into(), ..options });
        let command = "bash".to_owned();
        self.world.spawn(SpawnSpec { process, host: self.host, stdio, command, reads_stdin: true, delay_us: 0 })
    }

    /// Runs `bash -c`: standard output, standard error, exit code.
    fn script(&mut self, script: &str, stdin: &str) -> (String, String, u8) {
        let [out, err] = [self.world.new_capture(), self.world.new_capture()];
        let stdin = Source::Bytes(stdin.as_bytes().to_vec().into());
        let stdio = Stdio { stdin, stdout: Sink::Capture(out), stderr: Sink::Capture(err) };
        let pid = self.spawn(ShellOptions { script: Some(script.into()), ..ShellOptions::default() }, stdio);
        self.world.take_trace();
        let end = self.world.now().plus_millis(3_600_000);
        self.world.run_until(end);
        let code = self.world.take_trace().into_iter().find_map(|event| match event {
            TraceEvent::Exited { pid: p, status: Some(status), .. } if p == pid => Some(status.shell_code()),
            _ => None,
        });
        (self.text(out), self.text(err), code.unwrap_or(255))
    }

    fn text(&mut self, capture: CaptureId) -> String {
        String::from_utf8_lossy(&self.world.take_capture(capture)).into_owned()
    }
}

#[test]
fn scripts() {
    let cases: &[(&str, &str, u8)] = &[
        ("echo hello", "hello\n", 0),
        ("echo a b | cat", "a b\n", 0),
        ("printf 'b\\na\\n' | sort | head -n 1", "a\n", 0),
        ("for i in 1 2 3; do echo n$i; done | grep -v 2 | wc -l", "2\n", 0),
        ("x=5; while [ $x -gt 3 ]; do echo $x; x=$((x-1)); done", "5\n4\n", 0),
        ("false || echo no; true && echo yes", "no\nyes\n", 0),
        ("nothing_here 2>/dev/null", "", 127),
        ("echo $(echo one; echo two) \"$(printf 'a\\nb')\"", "one two a\nb\n", 0),
        (
            "echo x > f; echo y >> f; cat f f | uniq -c; cat < f",
            "      1 x\n      1 y\n      1 x\n      1 y\nx\ny\n",
            0,
        ),
        ("cat nofile 2>&1 >/dev/null | sed 's/^cat: //'", "nofile: No such file or directory\n", 0),
        ("set -o pipefail; cat nofile 2>/dev/null | cat", "", 1),
        ("echo \"exit $?\"; false; echo \"exit $?\"", "exit 0\nexit 1\n", 0),
        ("cat <<END\na $((1+1))\nEND", "a 2\n", 0),
        ("sleep 1 & sleep 2; wait; echo done", "done\n", 0),
        ("sleep 100 & kill -9 $!; wait $!; echo $?", "137\n", 0),
        ("seq 3 | while read n; do echo \"<$n>\"; done", "<1>\n<2>\n<3>\n", 0),
        ("while read a b; do echo $b $a; done <<< 'x y z'", "y z x\n", 0),
        (
            "echo a > t1.txt; echo b > t2.txt; ls t*.txt; echo *.txt 'no*'; rm t?.txt; ls",
            "t1.txt\nt2.txt\nt1.txt t2.txt no*\n",
            0,
        ),
        ("if grep -q b <<< abc; then echo in; else echo out; fi", "in\n", 0),
        ("for i in {1..3}; do [ $i = 2 ] && continue; echo $i; done", "1\n3\n", 0),
        ("seq 10 | head -n 2; echo ${PIPE:-unset}", "1\n2\nunset\n", 0),
        ("timeout 1 sleep 10; echo $?; timeout -s KILL 1 sleep 5; echo $?", "124\n137\n", 0),
        ("echo 'a,b;c' | tr ',;' '\\n\\n' | sed -n '2p'", "b\n", 0),
        ("printf 'x 1\\ny 22\\n' | awk '{print $2}' | xargs echo got", "got 1 22\n", 0),
        ("cat <(echo one) <(seq 2)", "one\n1\n2\n", 0),
        ("exec seq 2", "1\n2\n", 0),
        ("(exit 3); echo $?; exit 4", "3\n", 4),
        ("! true; echo $?", "1\n", 0),
        ("cd /; pwd; cd - > /dev/null; pwd", "/\n/home/you\n", 0),
        ("echo abc | sed 2q; echo 'a.b' | grep -o '[a-z]' | tail -n +2", "abc\nb\n", 0),
        ("{ echo out; echo err >&2; } 2>/dev/null | cat", "out\n", 0),
        ("yes 2>&1 | head -1", "bash: line 1: yes: command not found\n", 0),
    ];
    for (script, stdout, code) in cases {
        let (out, err, status) = Bench::new().script(script, "");
        assert_eq!((out.as_str(), status), (*stdout, *code), "{script}\nstderr: {err}");
    }
}

#[test]
fn errors_go_to_standard_error() {
    let cases: &[(&str, &str, u8)] = &[
        ("nothing here", "bash: line 1: nothing: command not found\n", 127),
        (
            "echo a | | b",
            "bash: -c: line 1: syntax error near unexpected token `|'\nbash: -c: line 1: `echo a | | b'\n",
            2,
        ),
        ("cat < missing", "bash: line 1: missing: No such file or directory\n", 1),
        ("echo 'x", "bash: -c: line 1: unexpected EOF while looking for matching `''\n", 2),
        ("kill 99999", "bash: line 1: kill: (99999) - No such process\n", 1),
        ("grep -Z x", "grep: invalid option -- 'Z'\n", 2),
    ];
    for (script, stderr, code) in cases {
        let (_, err, status) = Bench::new().script(script, "");
        assert_eq!((err.as_str(), status), (*stderr, *code), "{script}");
    }
}

#[test]
fn standard_input_goes_to_the_first_who_reads() {
    assert_eq!(Bench::new().script("cat", "in\n").0, "in\n");
    assert_eq!(Bench::new().script("ls; cat; cat", "in\n").0, "in\n");
    assert_eq!(Bench::new().script("read a; echo \"[$a]\"; cat", "1\n2\n").0, "[1]\n2\n");
    assert_eq!(Bench::new().script("true | cat; cat", "in\n").0, "in\n");
    assert_eq!(Bench::new().script("(ls; cat)", "in\n").0, "in\n");
}

#[test]
fn an_endless_loop_lets_time_pass() {
    let mut bench = Bench::new();
    let stdio = Stdio::null();
    bench.spawn(ShellOptions { script: Some("while true; do :; done".into()), ..ShellOptions::default() }, stdio);
    bench.world.run_until(Time::from_millis(50));
    assert!(bench.world.now() >= Time::from_millis(50));
}

struct Terminal {
    bench: Bench,
    id: TerminalId,
    out: CaptureId,
}

fn terminal() -> Terminal {
    let mut bench = Bench::new();
    let id = bench.world.add_terminal();
    let out = bench.world.new_capture();
    let stdio = Stdio { stdin: Source::Terminal(id), stdout: Sink::Capture(out), stderr: Sink::Capture(out) };
    bench.spawn(ShellOptions { terminal: Some(id), ..ShellOptions::default() }, stdio);
    Terminal { bench, id, out }
}

impl Terminal {
    fn settle(&mut self, ms: u64) -> String {
        let end = self.bench.world.now().plus_millis(ms);
        self.bench.world.run_until(end);
        self.bench.text(self.out)
    }

    fn type_lines(&mut self, lines: &[&str]) -> String {
        lines.iter().for_each(|line| self.bench.world.type_line(self.id, line));
        self.settle(100)
    }
}

#[test]
fn a_terminal_talks_to_the_shell_and_to_its_children() {
    let mut terminal = terminal();
    assert_eq!(terminal.settle(10), "$ ");
    assert_eq!(terminal.type_lines(&["echo 'a", "b'"]), "> a\nb\n$ ");
    assert_eq!(terminal.type_lines(&["cat", "for the cat", "more"]), "for the cat\nmore\n");
    terminal.bench.world.type_end_of_input(terminal.id);
    assert_eq!(terminal.settle(10), "$ ");
    assert_eq!(terminal.type_lines(&["sleep 50", "echo typed ahead"]), "");
    terminal.bench.world.type_interrupt(terminal.id);
    assert_eq!(terminal.settle(10), "$ ");
    assert_eq!(terminal.type_lines(&["sleep 50 &"]), "[1] 104\n$ ");
    assert_eq!(terminal.type_lines(&["kill %1"]), "$ ");
    assert_eq!(terminal.type_lines(&["echo $?"]), "0\n[1]+  Exit 143                sleep 50\n$ ");
    assert_eq!(terminal.type_lines(&[")"]), "bash: syntax error near unexpected token `)'\n$ ");
    terminal.bench.world.type_interrupt(terminal.id);
    assert_eq!(terminal.settle(10), "\n$ ");
    terminal.bench.world.type_end_of_input(terminal.id);
    assert_eq!(terminal.settle(10), "\nUse \"exit\" to leave the shell.\n$ ");
    assert_eq!(terminal.type_lines(&["while true; do true; done"]), "");
    terminal.bench.world.type_interrupt(terminal.id);
    assert_eq!(terminal.settle(10), "\n$ ");
    assert_eq!(terminal.type_lines(&["read x", "hello", "echo $x"]), "$ hello\n$ ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_line_stops_the_shell(words in proptest::collection::vec(
        prop::sample::select(vec!["for", "x", "in", "do", "done", "if", "then", "fi", "echo", "cat", "grep a", "head -1", ";", "|",
            "&", "&&", "||", ">", "f", "<", "<<< a", "2>&1", "(", ")", "{", "}", "!", "$(", "\"", "'", "sed s/a/b/", "awk '{print $1}'",
            "seq 3", "sleep 1", "true", "false", "while", "break", "exit 3", "kill %1", "wait", "read x", "*", "$x", "${x:-y}", "\n"]),
        0..12)) {
        let mut bench = Bench::new();
        let (_, _, code) = bench.script(&words.join(" "), "a\nb\n");
        // A loop may well be endless; all else ends.
        prop_assert!(code != 255 || words.contains(&"while"), "{}", words.join(" "));
    }
}
