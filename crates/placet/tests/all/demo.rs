//! `placet demo` as a newcomer runs it: a process, its output, its end, and nothing left behind.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Output, Stdio},
    time::Duration,
};

use rustix::process::Pid;
use serde_json::Value;

use crate::server::{Directory, placet};

fn demo(directory: &Directory, words: &[&str]) -> Command {
    let mut command = placet();
    command
        .arg("demo")
        .args(words)
        .env("TMPDIR", directory.path());
    command
}

fn run(words: &[&str]) -> Output {
    let directory = Directory::new("demo");
    let output = demo(&directory, words).output().unwrap();
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "the demo left something behind");
    output
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
    events.collect()
}

#[test]
fn rfc8628_3_an_approval_gives_the_device_its_token() {
    let output = run(&["--answer", "approve", "--json"]);
    let events = events(&output);
    let names: Vec<_> = events.iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["asked", "answered", "approved"], "{output:?}");
    assert_eq!(events[1]["outcome"], "approved");
    let (claims, resource) = (&events[2]["claims"], &events[2]["resource"]);
    assert_eq!(claims["client_id"], "demo-tv");
    assert_eq!(claims["scope"], "photos.read");
    let issuer = claims["iss"].as_str().unwrap();
    assert!(
        events[0]["verification_uri"]
            .as_str()
            .unwrap()
            .starts_with(issuer)
    );
    assert_eq!(resource["without_token"], 401);
    assert_eq!(resource["status"], 200);
    assert_eq!(resource["body"]["owner"], claims["sub"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn rfc8628_3_5_a_denial_ends_in_one_line_and_a_status() {
    let output = run(&["--answer", "deny", "--json"]);
    let events = events(&output);
    assert_eq!(events.last().unwrap()["event"], "denied", "{output:?}");
    assert_eq!(output.status.code(), Some(3));
    let output = run(&["--answer", "deny"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        text.trim_end().lines().last().unwrap().trim(),
        "✗  Denied. The television got nothing."
    );
}

#[test]
fn rfc8628_3_5_nobody_answers_and_the_code_expires() {
    let output = run(&["--expires-in", "2", "--json"]);
    assert_eq!(
        events(&output).last().unwrap()["event"],
        "expired",
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn an_interrupt_ends_in_one_line_and_leaves_nothing() {
    let directory = Directory::new("demo");
    let mut child = demo(&directory, &[])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let waiting = lines.find(|line| line.as_ref().unwrap().contains("Waiting for your answer"));
    assert!(waiting.is_some());
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let last = lines.map(Result::unwrap).last().unwrap();
    assert_eq!(last.trim(), "✗  Stopped before there was an answer.");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn an_interrupt_while_the_stage_is_set_leaves_nothing_either() {
    let directory = Directory::new("demo");
    let mut child = demo(&directory, &[])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while fs::read_dir(directory.path()).unwrap().count() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(
        told.trim_end()
            .ends_with("Stopped before there was an answer."),
        "{told}"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
