//! Tests of the world: an echo server, its clients and what faults do to them.

use super::*;
use crate::{Context, Fault, Fd, Output, Signal, Sink, Source, SpawnSpec, Stdio};
use bytes::Bytes;
use std::any::Any;

/// Answers every frame with itself, after a flush where `durable`.
#[derive(Clone, Debug)]
struct Echo {
    durable: bool,
}

impl Process for Echo {
    fn name(&self) -> &str {
        "Echo"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => cx.listen(9092),
            Input::Frame { connection, frame } if self.durable => {
                cx.disk().append("log", &frame).unwrap();
                let flush = cx.flush(vec!["log".into()]);
                cx.send_after(flush, connection, frame);
            }
            Input::Frame { connection, frame } => cx.send(connection, frame),
            Input::Signal(_) => cx.exit(143),
            _ => {}
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        None
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Sends a number every 100 ms and prints what it sees.
#[derive(Clone, Debug, Default)]
struct Client {
    connection: ConnectionId,
    next: Option<Time>,
    sent: u8,
}

impl Process for Client {
    fn name(&self) -> &str {
        "Client"
    }
    fn handle(&mut self, cx: &mut Context<'_>, input: Input) {
        match input {
            Input::Start => self.connection = cx.connect("localhost", 9092),
            Input::Connected { .. } => self.next = Some(cx.now()),
            Input::Wake => {
                self.sent = (self.sent + 1) % 10;
                cx.send(self.connection, Bytes::copy_from_slice(&[b'0' + self.sent]));
                self.next = Some(cx.now().plus_millis(100));
            }
            Input::Frame { frame, .. } => cx.print(Fd::Stdout, frame),
            Input::ConnectFailed { error, .. } => cx.print(Fd::Stdout, format!("{error:?}")),
            Input::Closed { .. } => {
                self.next = None;
                cx.print(Fd::Stdout, "closed");
            }
            _ => {}
        }
    }
    fn next_wakeup(&self) -> Option<Time> {
        self.next
    }
    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn spec(process: impl Process + 'static, host: HostId, stdio: Stdio) -> SpawnSpec {
    SpawnSpec { process: Box::new(process), host, stdio, command: "x".into(), reads_stdin: false, delay_us: 0 }
}

struct Bench {
    world: World,
    server: Pid,
    hosts: [HostId; 2],
    capture: CaptureId,
}

fn bench(durable: bool) -> Bench {
    let mut world = World::new(WorldConfig::default());
    let hosts = [world.add_host("server"), world.add_host("laptop")];
    world.assign_port(9092, hosts[0]);
    let server = world.spawn(spec(Echo { durable }, hosts[0], Stdio::null()));
    let capture = world.new_capture();
    let stdio = Stdio { stdin: Source::Null, stdout: Sink::Capture(capture), stderr: Sink::Null };
    world.spawn(spec(Client::default(), hosts[1], stdio));
    Bench { world, server, hosts, capture }
}

impl Bench {
    fn until_ms(&mut self, ms: u64) -> String {
        self.world.run_until(Time::from_millis(ms));
        String::from_utf8(self.world.take_capture(self.capture)).unwrap()
    }
}

#[test]
fn frames_go_there_and_back() {
    assert_eq!(bench(false).until_ms(350), "1234");
}

#[test]
fn same_seed_same_hash_and_a_clone_goes_on_alike() {
    let mut a = bench(true);
    a.until_ms(120);
    let mut checkpoint = a.world.clone();
    a.until_ms(1000);
    let mut b = bench(true);
    b.until_ms(1000);
    checkpoint.run_until(Time::from_millis(1000));
    assert_eq!(a.world.state_hash(), b.world.state_hash());
    assert_eq!(a.world.state_hash(), checkpoint.state_hash());
}

#[test]
fn a_killed_server_resets_its_connections_and_refuses_new_ones() {
    let mut b = bench(false);
    b.until_ms(150);
    b.world.cause(&Fault::Signal { pid: b.server, signal: Signal::Kill });
    assert_eq!(b.until_ms(500), "closed");
    let stdio = Stdio { stdin: Source::Null, stdout: Sink::Capture(b.capture), stderr: Sink::Null };
    b.world.spawn(spec(Client::default(), b.hosts[1], stdio));
    assert_eq!(b.until_ms(600), "Refused");
}

#[test]
fn a_stopped_server_answers_everything_once_it_goes_on() {
    let mut b = bench(false);
    assert_eq!(b.until_ms(150), "12");
    b.world.cause(&Fault::Signal { pid: b.server, signal: Signal::Stop });
    assert_eq!(b.until_ms(450), "");
    b.world.cause(&Fault::Signal { pid: b.server, signal: Signal::Continue });
    assert_eq!(b.until_ms(470), "345");
}

#[test]
fn a_cut_link_holds_frames_back_and_a_healed_one_delivers_them_in_order() {
    let mut b = bench(false);
    assert_eq!(b.until_ms(150), "12");
    let [server, laptop] = b.hosts;
    b.world.cause(&Fault::CutLink { from: laptop, to: server });
    assert_eq!(b.until_ms(450), "");
    b.world.cause(&Fault::HealLink { from: laptop, to: server });
    assert_eq!(b.until_ms(470), "345");
}

#[test]
fn a_power_cut_is_silent_and_what_waited_for_the_disk_is_never_sent() {
    let mut b = bench(true);
    b.until_ms(150);
    b.world.run_until(Time::from_micros(201_000));
    b.world.cause(&Fault::PowerCut { host: b.hosts[0] });
    assert_eq!(b.until_ms(5000), "");
    assert!(!b.world.is_alive(b.server));
    b.world.cause(&Fault::PowerOn { host: b.hosts[0] });
    assert_eq!(b.until_ms(5200), "closed");
}

#[test]
fn outputs_after_exit_do_nothing() {
    let mut world = World::new(WorldConfig::default());
    let host = world.add_host("a");
    let pid = world.spawn(spec(Echo { durable: false }, host, Stdio::null()));
    world.run_until(Time::from_millis(1));
    world.apply(pid, host, &mut vec![Output::Exit { code: 0 }, Output::Listen { port: 1 }]);
    assert!(world.listeners.is_empty() && !world.is_alive(pid));
}

/// Spawns two children: one that writes to a pipe, one that goes on as `Echo`; prints what it reads.
#[derive(Clone, Debug, Default)]
struct Parent {
    pipe: crate::PipeId,
}

/// Prints a word at its start, and ends.
#[derive(Clone, Debug)]
struct Say(&'static str);

/// Goes on as another program at its start.
#[derive(Clone, Debug)]
struct Become(&'static str);

macro_rules! plain_process {
    ($type:ty, $name:literal, |$self:ident, $cx:ident, $input:ident| $body:expr) => {
        impl Process for $type {
            fn name(&self) -> &str {
                $name
            }
            fn handle(&mut $self, $cx: &mut Context<'_>, $input: Input) {
                $body
            }
            fn next_wakeup(&self) -> Option<Time> {
                None
            }
            fn boxed_clone(&self) -> Box<dyn Process> {
                Box::new(self.clone())
            }
            fn as_any(&self) -> &dyn Any {
                self
            }
        }
    };
}

plain_process!(Say, "Say", |self, cx, input| if input == Input::Start {
    cx.print(Fd::Stdout, self.0);
    cx.exit(3);
});
plain_process!(Become, "Become", |self, cx, input| if input == Input::Start {
    let stdio = cx.stdio().clone();
    cx.exec(spec(Say(self.0), HostId(0), stdio));
    cx.print(Fd::Stdout, "now ");
});
plain_process!(Parent, "Parent", |self, cx, input| match input {
    Input::Start => {
        self.pipe = cx.pipe();
        cx.read_pipe(self.pipe);
        let stdio = Stdio { stdout: Sink::Pipe(self.pipe), ..Stdio::null() };
        let host = cx.host();
        cx.spawn(spec(Become("hello"), host, stdio.clone()));
    }
    Input::Piped { data, .. } => cx.print(Fd::Stdout, data),
    Input::PipeClosed { .. } => cx.print(Fd::Stdout, " end"),
    Input::ChildExited { status, .. } => cx.print(Fd::Stdout, format!(" {}", status.shell_code())),
    _ => {}
});

#[test]
fn a_process_reads_a_pipe_of_its_own_and_an_exec_keeps_the_process() {
    let mut world = World::new(WorldConfig::default());
    let host = world.add_host("a");
    let capture = world.new_capture();
    let stdio = Stdio { stdout: Sink::Capture(capture), ..Stdio::null() };
    world.spawn(spec(Parent::default(), host, stdio));
    world.run_until(Time::from_millis(10));
    assert_eq!(String::from_utf8(world.take_capture(capture)).unwrap(), "now hello end 3");
}

#[test]
fn a_lossy_link_delays_and_keeps_the_order() {
    let mut b = bench(false);
    let [server, laptop] = b.hosts;
    b.until_ms(1);
    b.world.cause(&Fault::LossyLink { from: laptop, to: server, percent: 50 });
    let early = b.until_ms(1000);
    assert!(early.len() < 9, "{early}");
    b.world.cause(&Fault::LossyLink { from: laptop, to: server, percent: 0 });
    let all = early + &b.until_ms(60_000);
    let wanted: String = (1..=all.len()).map(|n| (n % 10).to_string()).collect();
    assert!(all.len() > 400);
    assert_eq!(all, wanted);
}

#[test]
fn a_segment_lost_once_comes_after_the_retransmission_timeout() {
    let mut b = bench(false);
    let [server, laptop] = b.hosts;
    assert_eq!(b.until_ms(50), "1");
    b.world.cause(&Fault::LoseNext { from: laptop, to: server, segments: 1 });
    assert_eq!(b.until_ms(290), "", "the second waits for its retransmission, the third for the second");
    assert_eq!(b.until_ms(310), "234");
}

#[test]
fn a_sender_that_loses_all_gives_up_and_the_other_end_learns_it_when_it_sends() {
    let mut b = bench(false);
    let [server, laptop] = b.hosts;
    assert_eq!(b.until_ms(50), "1");
    b.world.cause(&Fault::LossyLink { from: laptop, to: server, percent: 100 });
    assert_eq!(b.until_ms(900_000), "");
    assert_eq!(b.until_ms(930_000), "closed", "tcp_retries2: about 924 s");
}

#[test]
fn nothing_leaves_for_a_flush_that_failed() {
    let mut b = bench(true);
    assert_eq!(b.until_ms(50), "1");
    b.world.cause(&Fault::SlowDisk { host: b.hosts[0], extra_us: 10_000 });
    b.until_ms(105);
    b.world.cause(&Fault::FailDisk { host: b.hosts[0] });
    assert_eq!(b.until_ms(150), "");
    b.world.cause(&Fault::HealDisk { host: b.hosts[0] });
    assert_eq!(b.until_ms(250), "3");
}
