//! Who shares a server: added, changed and deleted, and never mistaken for each other.

use std::sync::Arc;

use placet_core::{
    Id, Refusal,
    engine::{Caller, Error, FRESH_FOR, NewTenant},
    event::EventKind,
    issuer::Issuer,
    secret::SecretHash,
    store::StoreError,
    tenant::Tenant,
    testing::Fault,
};

use crate::scene::{Scene, URL, WIDE, refused, tenant};

impl Scene {
    async fn add(&self, new: NewTenant) -> Result<Tenant, Error> {
        let added = self.engine.add_tenant(new, &Caller::default()).await?;
        Ok(added.into_inner())
    }

    async fn live(&self, id: Id<Tenant>) -> Option<Arc<Tenant>> {
        self.engine.tenant(id).await.unwrap()
    }
}

#[tokio::test]
async fn a_tenant_has_an_issuer_of_its_own_and_its_secret_is_sealed() {
    let scene = Scene::new().await;
    let added = scene.add(tenant("one")).await.unwrap();
    let issuer = Issuer::new("https://auth.example/one", scene.now()).id;
    assert_eq!(added.issuer, issuer);
    let found = scene.live(added.id).await.unwrap();
    assert_eq!(*found, added);
    assert!(found.idp.as_ref().unwrap().accepts("idp secret"));
    let secrets = found.api_secrets(scene.engine.vault()).unwrap();
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0].as_slice(), b"api secret");
    let body = placet_core::store::Record::Tenant(added).encode();
    let body = String::from_utf8(body).unwrap();
    assert!(!body.contains("secret\":\"api") && !body.contains("idp secret"));
    scene.verified().await;
}

#[tokio::test]
async fn no_two_tenants_share_an_id_or_an_issuer() {
    let scene = Scene::new().await;
    let first = scene.add(tenant("one")).await.unwrap();
    let is_duplicate =
        |told: &Result<Tenant, Error>| matches!(told, Err(Error::Store(StoreError::Duplicate)));
    let same_url = scene.add(tenant("one")).await;
    assert!(is_duplicate(&same_url), "{same_url:?}");
    let mut same_id = tenant("two");
    same_id.id = Some(first.id);
    let same_id = scene.add(same_id).await;
    assert!(is_duplicate(&same_id), "{same_id:?}");
    let mut root = tenant("three");
    URL.clone_into(&mut root.issuer_url);
    assert_eq!(refused(scene.add(root).await), Refusal::Exceeds);
    let caller = Caller::default();
    scene.engine.delete_tenant(first.id, &caller).await.unwrap();
    let again = scene.add(tenant("one")).await;
    assert!(is_duplicate(&again), "not even a deleted one's: {again:?}");
    let named = NewTenant {
        id: Some(Tenant::parse_uuid("438fa74a-fa7d-4317-9ced-dde32ece1787").unwrap()),
        ..tenant("two")
    };
    let named = scene.add(named).await.unwrap();
    assert_eq!(named.uuid(), "438fa74a-fa7d-4317-9ced-dde32ece1787");
    scene.verified().await;
}

#[tokio::test]
async fn a_change_leaves_ids_and_issuer_alone() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let before = scene.add(tenant("one")).await.unwrap();
    scene.live(before.id).await.unwrap();
    scene.advance(FRESH_FOR);
    scene.setting.memory.fail_next(Fault::Conflict);
    let change = scene.engine.change_tenant(before.id, &caller, |tenant| {
        tenant.id = Id::from_bytes([9; 16]);
        tenant.issuer = Id::from_bytes([9; 16]);
        "https://elsewhere.example".clone_into(&mut tenant.issuer_url);
        tenant.deleted_at = Some(tenant.created_at);
        if let Some(idp) = &mut tenant.idp {
            idp.renew(SecretHash::of("next secret"));
        }
    });
    let after = change.await.unwrap().into_inner();
    let seen = scene.live(before.id).await.unwrap();
    assert_eq!(*seen, after, "seen at once on this node");
    assert_eq!(after.changed_at, scene.now());
    let idp = after.idp.clone().unwrap();
    assert!(idp.accepts("next secret") && idp.accepts("idp secret"));
    let unchanged = Tenant {
        idp: before.idp.clone(),
        changed_at: before.changed_at,
        ..after
    };
    assert_eq!(unchanged, before);
    scene.verified().await;
}

#[tokio::test]
async fn a_renewed_secret_of_the_admin_api_leaves_the_one_before() {
    let scene = Scene::new().await;
    let id = scene.add(tenant("one")).await.unwrap().id;
    let (vault, caller) = (scene.engine.vault(), Caller::default());
    let read = |tenant: &Tenant| -> Vec<String> {
        let secrets = tenant.api_secrets(vault).unwrap().into_iter();
        secrets
            .map(|secret| String::from_utf8(secret.to_vec()).unwrap())
            .collect()
    };
    for (new, want) in [
        ("second", ["second", "api secret"]),
        ("third", ["third", "second"]),
    ] {
        let sealed = Tenant::seal_api_secret(id, new, vault, scene.engine.random());
        let change = scene.engine.change_tenant(id, &caller, |tenant| {
            tenant.renew_api_secret(sealed.clone());
        });
        assert_eq!(read(&change.await.unwrap().into_inner()), want);
    }
    let deleted = scene.engine.delete_tenant(id, &caller).await.unwrap();
    assert!(read(deleted.get()).is_empty());
    scene.verified().await;
}

#[tokio::test]
async fn k11_a_deleted_tenant_is_there_for_operators_alone() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let id = scene.add(tenant("one")).await.unwrap().id;
    let node = scene
        .setting
        .node(Arc::new(scene.setting.memory.clone()), WIDE);
    assert!(node.tenant(id).await.unwrap().is_some());
    scene.engine.delete_tenant(id, &caller).await.unwrap();
    assert!(scene.live(id).await.is_none());
    scene.advance(FRESH_FOR);
    let elsewhere = node.tenant(id).await.unwrap();
    assert!(elsewhere.is_none(), "on another node a second later");
    let told = scene.engine.delete_tenant(id, &caller).await;
    assert_eq!(refused(told), Refusal::NotFound);
    let told = scene.engine.change_tenant(id, &caller, |_| {}).await;
    assert_eq!(refused(told), Refusal::NotFound);
    let listed = scene.engine.list_tenants(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].deleted_at.is_some());
    assert!(listed[0].idp.is_none() && listed[0].api_secret.is_none());
    let stored = scene.engine.stored_tenant(id).await.unwrap();
    assert_eq!(stored.as_ref(), listed.first());
    let nobody = Id::from_bytes([1; 16]);
    assert_eq!(scene.engine.stored_tenant(nobody).await.unwrap(), None);
    let told = scene.engine.delete_tenant(nobody, &caller).await;
    assert_eq!(refused(told), Refusal::NotFound);
    scene.verified().await;
}

#[tokio::test]
async fn tenants_are_listed_in_pages_and_each_change_is_told() {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(scene.add(tenant(&format!("{n}"))).await.unwrap().id);
    }
    ids.sort_unstable();
    let mut seen = Vec::new();
    loop {
        let page = scene.engine.list_tenants(seen.last().copied(), 3).await;
        let page = page.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|tenant| tenant.id));
    }
    assert_eq!(seen, ids);
    let caller = Caller::default();
    scene.advance(FRESH_FOR);
    scene.engine.delete_tenant(ids[0], &caller).await.unwrap();
    let events = scene.engine.store().events(scene.setting.issuer, None, 99);
    let events = events.await.unwrap();
    let told = events
        .iter()
        .filter(|event| event.kind == EventKind::TenantChanged && event.tenant == Some(ids[0]));
    let told: Vec<_> = told.map(|event| event.note.as_deref()).collect();
    assert_eq!(told, [Some("added"), Some("deleted")]);
}
