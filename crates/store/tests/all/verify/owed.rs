//! What can be wrong with tenants, and with callbacks that are owed.

use placet_core::{
    callback::Callback,
    engine::Caller,
    event::EventKind,
    id::Id,
    store::{Change, Commit, Name, Record},
    tenant::Tenant,
    time::Lifetime,
    vault::Sealed,
};

use super::{Held, Plant, over, plant};
use crate::scene::{Scene, tenant};

/// A tenant that was changed, one that was deleted, a callback that somebody holds, one that nobody took yet, and a
/// client known only by its key.
pub(super) async fn grow(scene: &Scene) -> (Tenant, Callback) {
    let (engine, caller) = (&scene.engine, Caller::default());
    let added = engine.add_tenant(tenant("one"), &caller).await.unwrap();
    let changed = engine.change_tenant(added.get().id, &caller, |tenant| tenant.idp = None);
    let changed = changed.await.unwrap().into_inner();
    let other = engine.add_tenant(tenant("two"), &caller).await.unwrap();
    engine.delete_tenant(other.get().id, &caller).await.unwrap();
    scene.enqueue().await;
    let seen = engine.callback(scene.enqueue().await).await.unwrap();
    let lease = Lifetime::from_secs(3_600);
    let claimed = engine.claim_callback(seen, lease).await.unwrap();
    let mut keyed = scene.client("tv").await.client().clone();
    keyed.id = Id::random(engine.random());
    "a key's thumbprint".clone_into(&mut keyed.client_id);
    keyed.keep_until = Some(scene.now().plus(lease));
    let commit = Commit::new(
        scene.setting.issuer,
        engine.note(EventKind::ClientChanged, &caller),
    )
    .with(Change::insert(Record::Client(keyed)));
    engine.put(commit).await.unwrap();
    (changed, claimed.into_inner().value)
}

fn unopened() -> Sealed {
    Sealed {
        key: Id::from_bytes([1; 16]),
        text: "AAAA".to_owned(),
    }
}

pub(super) fn wrong_callbacks(held: &Held) -> Vec<Plant> {
    let owed = |change: &dyn Fn(&mut Callback)| {
        let mut callback = held.owed.clone();
        change(&mut callback);
        over(&Record::Callback(callback))
    };
    vec![
        plant(
            "a message nobody can open",
            &["what is sealed opens"],
            owed(&|callback| callback.message = unopened()),
        ),
        plant(
            "a message of another callback",
            &["what is sealed opens"],
            "UPDATE callback SET body = replace(body, '\"text\":\"', '\"text\":\"A')",
        ),
        plant(
            "a callback that ends before it begins",
            &["times follow each other"],
            owed(&|callback| callback.due_at = callback.created_at.minus(Lifetime::from_secs(1))),
        ),
        plant(
            "a lease nobody took",
            &["a lease is an attempt"],
            owed(&|callback| callback.attempts = 0),
        ),
        plant(
            "an attempt without its event",
            &["a callback has its events"],
            "DELETE FROM event WHERE body LIKE '%\"kind\":\"callback_claimed\"%'",
        ),
        plant(
            "a callback of a request that never was",
            &["a callback has its events"],
            owed(&|callback| callback.request = Some(Id::from_bytes([5; 16]))),
        ),
        plant(
            "a callback to a client that never was",
            &["what is asked for has its client"],
            owed(&|callback| callback.client = Some(Id::from_bytes([5; 16]))),
        ),
    ]
}

pub(super) fn wrong_tenants(held: &Held) -> Vec<Plant> {
    let tenant = |change: &dyn Fn(&mut Tenant)| {
        let mut tenant = held.tenant.clone();
        change(&mut tenant);
        over(&Record::Tenant(tenant))
    };
    let mut taken = Name::client("a key's thumbprint");
    taken.target = *held.client.id.as_bytes();
    vec![
        plant(
            "a tenant in another's place",
            &["a tenant has an issuer of its own"],
            tenant(&|tenant| tenant.issuer = held.issuer),
        ),
        plant(
            "a tenant of another URL",
            &[
                "a tenant has an issuer of its own",
                "a name stands for something",
                "everybody is found by name",
            ],
            tenant(&|tenant| tenant.issuer_url.push('x')),
        ),
        plant(
            "a secret nobody can open",
            &["what is sealed opens"],
            tenant(&|tenant| tenant.api_secret = Some(unopened())),
        ),
        plant(
            "tenants gone",
            &["a name stands for something"],
            "DELETE FROM tenant",
        ),
        plant(
            "a tenant nobody added",
            &["a tenant has its events"],
            "DELETE FROM event WHERE body LIKE '%\"kind\":\"tenant_changed\"%'",
        ),
        plant(
            "somebody who goes by what a key is called",
            &["a name stands for something", "everybody is found by name"],
            held.beside(&Record::Name(taken)),
        ),
        plant(
            "a key that is kept longer",
            &["columns say what the body says"],
            "UPDATE client SET keep_until = keep_until + 1",
        ),
    ]
}
