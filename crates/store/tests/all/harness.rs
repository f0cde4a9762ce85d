//! The backends under test.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use placet_core::{
    id::Id,
    issuer::Issuer,
    store::{Boxed, Key, Store},
    testing::{Fault, FixedClock, MemoryStore},
};
use placet_store::{SqliteStore, conformance::Harness};

/// A directory of its own, gone at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("placet-store-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("placet.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

pub(crate) fn open(path: &Path, clock: &FixedClock) -> SqliteStore {
    SqliteStore::open(path, Arc::new(clock.clone())).unwrap()
}

struct Sqlite {
    store: Arc<SqliteStore>,
    second: Arc<SqliteStore>,
    clock: FixedClock,
    _scratch: Scratch,
}

/// A fresh SQLite file, opened twice.
pub(crate) async fn sqlite() -> Box<dyn Harness> {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    Box::new(Sqlite {
        store: Arc::new(open(&scratch.file(), &clock)),
        second: Arc::new(open(&scratch.file(), &clock)),
        clock,
        _scratch: scratch,
    })
}

impl Harness for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        Arc::<SqliteStore>::clone(&self.store)
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::<SqliteStore>::clone(&self.second)
    }

    fn clock(&self) -> &FixedClock {
        &self.clock
    }

    fn fail_next(&self, fault: Fault) {
        self.store.fail_next(fault);
    }

    fn write_raw<'a>(&'a self, issuer: Id<Issuer>, key: Key, body: &'a str) -> Boxed<'a, ()> {
        let body = body.to_owned();
        let sql = format!(
            "UPDATE {} SET body = ?3 WHERE issuer = ?1 AND key = ?2",
            key.table.name()
        );
        Box::pin(async move {
            let changed = self.store.tamper(move |connection| {
                let row = rusqlite::params![issuer.as_bytes(), key.bytes(), body];
                connection.execute(&sql, row)
            });
            assert_eq!(changed.await.unwrap().unwrap(), 1);
        })
    }

    fn waited_for(&self) -> usize {
        self.store.waited_for()
    }
}

struct Memory {
    store: MemoryStore,
    clock: FixedClock,
}

/// An empty store in memory.
pub(crate) async fn memory() -> Box<dyn Harness> {
    let clock = FixedClock::default();
    Box::new(Memory {
        store: MemoryStore::new(clock.clone()),
        clock,
    })
}

impl Harness for Memory {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn clock(&self) -> &FixedClock {
        &self.clock
    }

    fn fail_next(&self, fault: Fault) {
        self.store.fail_next(fault);
    }

    fn write_raw<'a>(&'a self, issuer: Id<Issuer>, key: Key, body: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move { self.store.write_raw(issuer, key, body.as_bytes()) })
    }

    fn waited_for(&self) -> usize {
        self.store.waiters()
    }
}
