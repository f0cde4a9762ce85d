//! What a server does besides answering: it sweeps, follows changes made elsewhere, and remembers the time.
//!
//! Nothing here decides anything. Each task ends when the server stops and does no harm when it comes late.

mod outbox;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use placet_core::engine::{Counted, Engine, OpenCount, SWEEP_STEP};
use placet_proof::Algorithm;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::tls::TlsFiles;
use crate::app::{App, MARK_EVERY};

/// How often changes of other processes are looked for; caches are never older.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How many looks pass before the signing keys are read again although nothing seems to have changed.
const KEYS_EVERY: u32 = 60;
/// How often what is over is deleted.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// The pause between two steps of a sweep, so that requests come first.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// How often the open requests are counted anew.
const COUNT_EVERY: Duration = Duration::from_mins(1);
/// How long a count waits for what was being written when it began.
const COUNT_SETTLES: Duration = Duration::from_secs(2);
/// The pause between two pages of that count, so that requests come first.
const COUNT_PAUSE: Duration = Duration::from_millis(5);
/// How often the certificate's files are looked at.
const TLS_EVERY: Duration = Duration::from_secs(5);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All of it.
pub(super) fn all(
    app: &Arc<App>,
    tls: Option<TlsFiles>,
    stopping: &watch::Receiver<bool>,
) -> Vec<Task> {
    let mut tasks: Vec<Task> = vec![
        Box::pin(make_slow_keys(Arc::clone(app))),
        Box::pin(follow(Arc::clone(app), stopping.clone())),
        Box::pin(sweep(Arc::clone(app), stopping.clone())),
        Box::pin(mark_time(Arc::clone(app), stopping.clone())),
        Box::pin(count_open(Arc::clone(app), stopping.clone())),
    ];
    if app.settings.gnap.enabled || app.settings.open_payments.is_some() {
        tasks.push(Box::pin(outbox::deliver(Arc::clone(app), stopping.clone())));
    }
    if let Some(tls) = tls {
        tasks.push(Box::pin(follow_tls(tls, stopping.clone())));
    }
    tasks
}

/// Waits. `false` when the server stops.
async fn wait(stopping: &mut watch::Receiver<bool>, span: Duration) -> bool {
    timeout(span, stopping.wait_for(|stop| *stop))
        .await
        .is_err()
}

/// An RSA key takes up to a second of one core; the server does not wait for the one that few clients ask for.
async fn make_slow_keys(app: Arc<App>) {
    if let Err(error) = app.foundation.keys.ensure(Algorithm::Ps256).await {
        tracing::error!(%error, "no PS256 key could be made");
    }
}

/// Drops what is cached when another process wrote to the store: an operator's command, or another node.
async fn follow(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut known = None;
    let mut looks: u32 = 0;
    while wait(&mut stopping, FOLLOW_EVERY).await {
        let version = app.foundation.store.data_version().await;
        app.health
            .store_answered(version.as_ref().err().map(ToString::to_string));
        let version = version.ok();
        looks = looks.wrapping_add(1);
        let changed = version != known;
        if changed {
            known = version;
            app.foundation.engine.forget_cached();
            app.tenants.follow().await;
            match app.foundation.store.fence().await {
                Ok(fence) => app.health.store_moved(fence.map(|fence| fence.to_string())),
                // To be asked again at the next look.
                Err(_) => known = None,
            }
        }
        if (changed || looks.is_multiple_of(KEYS_EVERY))
            && let Err(error) = app.foundation.keys.reread().await
        {
            tracing::warn!(%error, "the signing keys could not be read again");
            // A change that was not read is still one at the next look.
            known = None;
        }
    }
}

async fn sweep(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let engine = &app.foundation.engine;
    while wait(&mut stopping, SWEEP_EVERY).await {
        loop {
            match engine.sweep(engine.store().now()).await {
                Ok(deleted) => {
                    app.metrics.swept(deleted as u64);
                    if deleted < SWEEP_STEP || *stopping.borrow() {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a sweep failed");
                    break;
                }
            }
            sleep(SWEEP_PAUSE).await;
        }
    }
}

async fn mark_time(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let every = Duration::from_millis(MARK_EVERY.as_millis());
    while wait(&mut stopping, every).await {
        if let Err(error) = app.foundation.mark_time().await {
            tracing::warn!(%error, "the time reached could not be kept");
        }
    }
}

/// Counts what is open for the caps anew, for the root and each tenant: another node may have settled what was opened
/// here.
async fn count_open(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut pause = if app.open_counted {
        COUNT_EVERY
    } else {
        COUNT_PAUSE
    };
    loop {
        tokio::select! {
            goes_on = wait(&mut stopping, pause) => if !goes_on { return },
            () = app.tenants.uncounted() => {}
        }
        let mut engines = app.tenants.engines().await;
        engines.push(Arc::clone(&app.foundation.engine));
        if !count_all(engines, &mut stopping).await {
            return;
        }
        pause = COUNT_EVERY;
    }
}

/// One count of each. All begin together, so that the time in which what is being written reaches the store is waited
/// for once. `false` when the server stops.
async fn count_all(engines: Vec<Arc<Engine>>, stopping: &mut watch::Receiver<bool>) -> bool {
    let mut counts: Vec<_> = engines
        .into_iter()
        .map(|engine| (engine, OpenCount::default()))
        .collect();
    for (engine, count) in &mut counts {
        count_step(engine, count).await;
    }
    if !wait(stopping, COUNT_SETTLES).await {
        return false;
    }
    for (engine, mut count) in counts {
        while count_step(&engine, &mut count).await == Counted::Part {
            if !wait(stopping, COUNT_PAUSE).await {
                return false;
            }
        }
    }
    true
}

/// One step of a count; one that fails is made again a minute later.
async fn count_step(engine: &Engine, count: &mut OpenCount) -> Counted {
    engine.count_open_step(count).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the open requests could not be counted");
        Counted::All
    })
}

async fn follow_tls(tls: TlsFiles, mut stopping: watch::Receiver<bool>) {
    while wait(&mut stopping, TLS_EVERY).await {
        tls.follow();
    }
}
