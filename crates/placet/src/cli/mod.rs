//! The command line: what was asked for, and how the process ends.

mod sources;

use std::{future::Future, process::ExitCode};

use clap::{Parser, Subcommand};

pub use self::sources::SettingsArgs;
use crate::{commands, demo, serve, terminal::Terminal};

/// Stack of a worker thread. Futures live on the heap; what is on the stack is one poll.
const STACK_BYTES: usize = 1024 * 1024;
/// Threads for blocking work, such as password hashing; they end when idle.
const BLOCKING_THREADS: usize = 64;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As asked.
    Done,
    /// It could not be done.
    Failed,
    /// The settings are wrong.
    WrongSettings,
    /// The person said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// Somebody stopped it (Ctrl-C).
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Failed => 1,
            // 2 is a wrong command line.
            Status::Denied => 3,
            Status::Expired => 4,
            // EX_CONFIG of sysexits.h.
            Status::WrongSettings => 78,
            // 128 + SIGINT, as a shell counts.
            Status::Interrupted => 130,
        })
    }
}

/// Placet: software asks, a person approves in a browser, software gets its token.
#[derive(Debug, Parser)]
#[command(name = "placet", version, max_term_width = 100)]
struct Cli {
    /// Prints JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(SettingsArgs),
    /// Shows the whole of it on this machine: a device asks, you approve, it gets its token.
    Demo(demo::DemoArgs),
    #[command(flatten)]
    Operate(commands::Command),
}

/// Reads the command line of this process and does what it says.
pub fn run() -> ExitCode {
    // A provider that was installed before is the same one: no other is linked.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let cli = Cli::parse();
    let terminal = Terminal::of_process(cli.json);
    let status = match cli.command {
        Command::Serve(args) => in_runtime(terminal, serve::command(args, terminal)),
        Command::Demo(args) => in_runtime(terminal, demo::command(args, terminal)),
        Command::Operate(command) => in_runtime(terminal, commands::run(command, terminal)),
    };
    status.into()
}

fn in_runtime(terminal: Terminal, work: impl Future<Output = Status>) -> Status {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK_BYTES)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            terminal.problem(&format!("cannot start its threads: {error}"));
            Status::Failed
        }
    }
}
