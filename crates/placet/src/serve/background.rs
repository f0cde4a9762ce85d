//! What a server does besides answering: it sweeps, follows changes made elsewhere, and remembers the time.
//!
//! Nothing here decides anything. Each task ends when the server stops and does no harm when it comes late.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use placet_core::engine::{Counted, OpenCount, SWEEP_STEP};
use placet_proof::Algorithm;
use placet_web::outbox;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::tls::TlsFiles;
use crate::app::{App, MARK_EVERY};

/// How often messages that are due are looked for.
const DELIVER_EVERY: Duration = Duration::from_millis(250);
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
    if app.settings.gnap.enabled {
        tasks.push(Box::pin(deliver(Arc::clone(app), stopping.clone())));
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

/// Sends what clients are owed.
async fn deliver(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let (engine, fetch) = (&app.foundation.engine, &app.site.fetch);
    while wait(&mut stopping, DELIVER_EVERY).await {
        loop {
            match outbox::deliver_due(engine, fetch).await {
                Ok(0) => break,
                Ok(_) if *stopping.borrow() => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "messages could not be sent");
                    break;
                }
            }
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

/// Counts what is open for the caps anew: another node may have settled what was opened here.
async fn count_open(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut count = OpenCount::default();
    let mut pause = if app.open_counted {
        COUNT_EVERY
    } else {
        COUNT_PAUSE
    };
    while wait(&mut stopping, pause).await {
        pause = match app.foundation.engine.count_open_step(&mut count).await {
            Ok(Counted::Begun) => COUNT_SETTLES,
            Ok(Counted::Part) => COUNT_PAUSE,
            Ok(Counted::All) => COUNT_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the open requests could not be counted");
                COUNT_EVERY
            }
        };
    }
}

async fn follow_tls(tls: TlsFiles, mut stopping: watch::Receiver<bool>) {
    while wait(&mut stopping, TLS_EVERY).await {
        tls.follow();
    }
}
