//! Several processes: one that is killed while it writes, and two that write the same file.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use placet_core::{
    store::{Change, Key, Name, Record, Store as _, StoreError},
    testing::FixedClock,
};
use placet_store::SqliteStore;
use tokio::task::JoinSet;

use crate::{files::Desk, harness::Scratch};

const DATABASE: &str = "PLACET_TEST_DATABASE";
const ROUND: &str = "PLACET_TEST_ROUND";
/// What begins a line that acknowledges a commit.
const ACKNOWLEDGED: &str = "acknowledged ";
const ADDITIONS: u64 = 150;

/// Runs one test of this program as another process.
fn child(test: &str, scratch: &Scratch, round: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DATABASE, scratch.file())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn acknowledged(output: &mut BufReader<ChildStdout>, limit: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut line = String::new();
    while names.len() < limit && output.read_line(&mut line).unwrap() > 0 {
        // A line without its end was cut by the kill; it acknowledges nothing.
        if let Some(name) = line.strip_suffix('\n')
            && let Some((_, name)) = name.split_once(ACKNOWLEDGED)
        {
            names.push(name.to_owned());
        }
        line.clear();
    }
    names
}

/// What a child is told by its parent. `None` when it runs as an ordinary test.
fn desk_of_child() -> Option<(Arc<Desk>, u64)> {
    let path = env::var_os(DATABASE)?;
    let round: u64 = env::var(ROUND).ok()?.parse().ok()?;
    Some((Arc::new(Desk::at(path.as_ref(), round)), round))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "the child of k1_what_was_acknowledged_survives_a_kill"]
async fn writes_until_killed() {
    let Some((desk, round)) = desk_of_child() else {
        return;
    };
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let desk = Arc::clone(&desk);
        writers.spawn(async move {
            for n in 0_u64.. {
                let name = format!("{round} {writer} {n}");
                if desk.store.commit(desk.naming(&name)).await.is_ok() {
                    println!("{ACKNOWLEDGED}{name}");
                }
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn k1_what_was_acknowledged_survives_a_kill() {
    let scratch = Scratch::new();
    let mut names = Vec::new();
    for round in 1..=6 {
        let mut child = child("processes::writes_until_killed", &scratch, round);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        // Each round is cut at another point of the writer's work.
        let before = usize::try_from(round).unwrap() * 37;
        names.extend(acknowledged(&mut output, before));
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        names.extend(acknowledged(&mut output, usize::MAX));
        let desk = Desk::new(&scratch, 1_000 + round);
        for name in &names {
            assert!(desk.has(name).await, "{name} was acknowledged and is gone");
        }
        let sound = desk.store.tamper(|connection| {
            connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        });
        assert_eq!(sound.await.unwrap().unwrap(), "ok");
    }
    assert!(names.len() > 500, "only {} commits were tried", names.len());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of two_processes_write_the_same_file"]
async fn adds_to_the_shared_record() {
    let Some((desk, _)) = desk_of_child() else {
        return;
    };
    let shared = Name::client("shared");
    let mut done = 0;
    while done < ADDITIONS {
        let found = desk.store.get(desk.issuer, Key::name(&shared)).await;
        let version = found.unwrap().unwrap().version;
        let change = Change::update(version, Record::Name(shared.clone()));
        match desk.store.commit(desk.commit(change)).await {
            Ok(()) => done += 1,
            Err(StoreError::Conflict) => {}
            Err(other) => unreachable!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_the_same_file() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 1);
    desk.store.commit(desk.naming("shared")).await.unwrap();
    let test = "processes::adds_to_the_shared_record";
    let children = [2, 3].map(|round| child(test, &scratch, round));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let key = Key::name(&Name::client("shared"));
    let found = desk.store.get(desk.issuer, key).await.unwrap().unwrap();
    assert_eq!(found.version, 1 + 2 * ADDITIONS);
}

#[test]
fn many_threads_share_one_store() {
    let scratch = Scratch::new();
    let clock = FixedClock::default();
    let store = SqliteStore::open(&scratch.file(), Arc::new(clock)).unwrap();
    let desk = Desk::with(store, 1);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let desk = &desk;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for n in 0..50 {
                        let name = format!("{thread} {n}");
                        desk.store.commit(desk.naming(&name)).await.unwrap();
                        assert!(desk.has(&name).await, "a commit is seen by its caller");
                    }
                });
            });
        }
    });
}
