//! Runs other programs.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
};

/// A finished program: whether it succeeded and everything it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

/// Cargo as it was started for us, with the environment of the outer call taken out of the way.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(crate::place::source());
    // Cargo's are set for programs under `cargo run`; inherited, they would make Cargo rebuild what reads them. Ours are
    // words to this program, and a server under test would read them as settings.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let inherited = ["CARGO_PKG_", "CARGO_MANIFEST_", "PLACET_"];
        if inherited.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs to the end, keeps what is printed, and prints it only when the program fails.
pub(crate) fn quiet(command: &mut Command) -> Finished {
    let finished = capture(command);
    if !finished.ok {
        eprint!("{}", finished.text);
    }
    finished
}

/// Runs to the end and keeps what is printed on both streams.
pub(crate) fn capture(command: &mut Command) -> Finished {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            Finished {
                ok: output.status.success(),
                text,
            }
        }
        Err(error) => not_started(command, &error),
    }
}

/// Runs to the end, shows what is printed while it comes, and keeps it too.
pub(crate) fn tee(command: &mut Command) -> Finished {
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return not_started(command, &error),
    };
    let errors = child.stderr.take();
    let watcher = thread::spawn(move || {
        let mut text = String::new();
        for line in errors
            .into_iter()
            .flat_map(|stream| BufReader::new(stream).lines())
        {
            let line = line.unwrap_or_default();
            eprintln!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
        text
    });
    let mut text = String::new();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|stream| BufReader::new(stream).lines())
    {
        let line = line.unwrap_or_default();
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    }
    let ok = child.wait().is_ok_and(|status| status.success());
    text.push_str(&watcher.join().unwrap_or_default());
    Finished { ok, text }
}

fn not_started(command: &Command, error: &std::io::Error) -> Finished {
    let program = command.get_program().to_string_lossy();
    let text = format!("{program} could not be started: {error}\n");
    Finished { ok: false, text }
}
