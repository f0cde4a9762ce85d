//! Grants and tenants as operators manage them, on a store in memory: in which order, in whose name, and to which end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use placet::{
    admin::operations::{
        Finalization, GnapGrantFilter, GnapGrantState, GnapGrantView, GrantPaging, Holder,
        NewTenantDocument, OperationError, Operator, Said, TenantChange, TenantSecret, Wish,
    },
    app::{StartError, Tenancy},
};
use placet_core::{
    engine::{self, Caller, Engine, Limits},
    grant::Grant,
    id::Id,
    issuer::Issuer,
    pending::{Approval, DecidedBy, EndKind, Ending, PendingRequest, State},
    right::Rights,
    store::{Boxed, Record, Store},
    tenant::Tenant,
    testing::{FixedClock, MemoryStore, SeededRandom},
    time::{Clock as _, Lifetime, Timestamp},
    vault::MasterKey,
};
use placet_gnap::{FACE, Profile};
use placet_web::{keys::KeyRing, person::Passwords};
use serde_json::{Value, json};

use self::{Finalization as F, GnapGrantState as S};
use crate::stored::{self, LIFETIME, payload};

const OWN: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
pub(crate) const ONE: &str = "438fa74a-fa7d-4317-9ced-dde32ece1787";
const TWO: &str = "f829c064-762a-4430-ac5d-7af5df198551";
pub(crate) const URL: &str = "https://as.example";
const SECRET: &str = "iyIgCprjb9uL8wFckR+pLEkJWMB7FJhgkvqhTQR/964=";
const OTHER_SECRET: &str = "2pEcn2kkCclbOHQiGNEwhJ0rucATZhrA807HTm2rNXE=";

struct Engines {
    clock: FixedClock,
    store: MemoryStore,
    own: Arc<Tenant>,
    made: Mutex<HashMap<Id<Issuer>, Arc<Engine>>>,
}

impl Tenancy for Engines {
    fn own(&self) -> Option<&Arc<Tenant>> {
        Some(&self.own)
    }

    fn engine<'a>(&'a self, tenant: &'a Tenant) -> Boxed<'a, Result<Arc<Engine>, engine::Error>> {
        Box::pin(async move {
            let known = self.made.lock().unwrap().get(&tenant.issuer).cloned();
            if let Some(known) = known {
                return Ok(known);
            }
            let (engine, _) = engine_of(&self.store, &self.clock, &tenant.issuer_url).await;
            let mut made = self.made.lock().unwrap();
            made.insert(tenant.issuer, Arc::clone(&engine));
            Ok(engine)
        })
    }

    fn stored<'a>(
        &'a self,
        tenant: &'a Tenant,
    ) -> Boxed<'a, Result<Option<Arc<Engine>>, StartError>> {
        Box::pin(async move { Ok(Some(self.engine(tenant).await?)) })
    }

    fn issuer_url(&self, id: Id<Tenant>) -> String {
        format!("{URL}/op/{}", Tenant::uuid_of(id))
    }
}

async fn engine_of(
    store: &MemoryStore,
    clock: &FixedClock,
    url: &str,
) -> (Arc<Engine>, Arc<KeyRing>) {
    let issuer = Issuer::new(url, clock.now());
    let seed = u64::from(issuer.id.as_bytes()[0]);
    let random = Arc::new(SeededRandom::new(seed));
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let master = MasterKey::from_bytes([7; 32]);
    let key = master.new_data_key(clock.now(), random.as_ref());
    let vault = master.unwrap(&key).unwrap();
    let keys = KeyRing::open(
        Arc::clone(&shared),
        issuer.id,
        vault.clone(),
        Arc::clone(&random) as _,
    );
    let keys = keys.await.unwrap();
    let caps = Limits {
        per_client: 1_000,
        per_source: 1_000,
        total: 1_000,
    };
    let engine = Engine::new(
        issuer.id,
        shared,
        random,
        vault,
        Arc::clone(&keys) as _,
        caps,
    );
    (Arc::new(engine), keys)
}

pub(crate) struct World {
    pub(crate) clock: FixedClock,
    root: Arc<Engine>,
    tenancy: Arc<Engines>,
    pub(crate) operator: Operator,
}

impl World {
    /// A root and two tenants.
    pub(crate) async fn new() -> Self {
        let clock = FixedClock::default();
        let store = MemoryStore::new(clock.clone());
        let (root, keys) = engine_of(&store, &clock, URL).await;
        let own = Tenant {
            id: Tenant::parse_uuid(OWN).unwrap(),
            issuer: root.issuer_id(),
            issuer_url: URL.to_owned(),
            idp: None,
            api_secret: None,
            former_api_secret: None,
            declared: None,
            created_at: clock.now(),
            changed_at: clock.now(),
            deleted_at: None,
        };
        let tenancy = Arc::new(Engines {
            clock: clock.clone(),
            store,
            own: Arc::new(own),
            made: Mutex::default(),
        });
        let operator = Operator::new(
            Arc::clone(&root),
            keys,
            Arc::new(Passwords::new(1, 1)),
            Arc::clone(&tenancy) as _,
            false,
            Caller::default(),
        );
        let world = Self {
            clock,
            root,
            tenancy,
            operator,
        };
        for id in [ONE, TWO] {
            world.add(id).await;
        }
        world
    }

    async fn add(&self, id: &str) {
        let new = NewTenantDocument {
            id: Some(id.to_owned()),
            ..NewTenantDocument::default()
        };
        self.operator.add_tenant(new).await.unwrap();
    }

    pub(crate) async fn holders(&self, tenant: Option<&str>) -> Vec<Holder> {
        self.operator.holders(tenant).await.unwrap()
    }

    pub(crate) async fn engine(&self, tenant: &str) -> Arc<Engine> {
        if tenant == OWN {
            return Arc::clone(&self.root);
        }
        let id = Tenant::parse_uuid(tenant).unwrap();
        let tenant = self.root.tenant(id).await.unwrap().unwrap();
        self.tenancy.engine(&tenant).await.unwrap()
    }

    /// Stores a request under a tenant's issuer.
    pub(crate) async fn store(&self, tenant: &str, request: &PendingRequest) {
        stored::store(self.engine(tenant).await.as_ref(), request).await;
    }

    pub(crate) async fn insert(&self, tenant: &str, record: Record) {
        stored::insert(self.engine(tenant).await.as_ref(), record).await;
    }

    /// A request of Open Payments made `age` before now.
    pub(crate) fn request(&self, age: Lifetime, state: State) -> PendingRequest {
        stored::request(self.clock.now().minus(age), state)
    }

    /// Every filter finds it by what it is, and by nothing that it is not.
    async fn is_found_by_its_words(&self, request: &PendingRequest, is: (S, Option<F>)) {
        let id = request.id.to_string();
        let found = |filter: GnapGrantFilter| {
            let id = id.clone();
            async move { ids(&self.list(Some(ONE), &filter).await).contains(&id) }
        };
        let (by_state, by_end) = is;
        let within = GnapGrantFilter {
            states: vec![by_state],
            finalizations: by_end.into_iter().collect(),
            ..GnapGrantFilter::default()
        };
        assert!(found(within).await, "{by_state:?} {by_end:?}");
        let outside = GnapGrantFilter {
            other_states: vec![by_state],
            ..GnapGrantFilter::default()
        };
        assert!(!found(outside).await, "{by_state:?}");
        for end in F::ALL {
            let only = GnapGrantFilter {
                finalizations: vec![end],
                ..GnapGrantFilter::default()
            };
            let is_it = by_end == Some(end);
            assert_eq!(found(only).await, is_it, "{by_end:?} in {end:?}");
            let others = GnapGrantFilter {
                other_finalizations: vec![end],
                ..GnapGrantFilter::default()
            };
            assert_eq!(found(others).await, !is_it, "{by_end:?} not in {end:?}");
        }
    }

    async fn list(&self, tenant: Option<&str>, filter: &GnapGrantFilter) -> Vec<GnapGrantView> {
        let holders = self.holders(tenant).await;
        let paging = GrantPaging {
            first: Some(100),
            ..GrantPaging::default()
        };
        let page = self.operator.gnap_grants(&holders, filter, &paging).await;
        page.unwrap().items
    }
}

fn approval(at: Timestamp) -> State {
    State::Approved(Box::new(Approval {
        granted: Rights::default(),
        person: None,
        subject: None,
        authentication: None,
        session: None,
        sid: None,
        by: DecidedBy::Policy {
            rule: "test".to_owned(),
        },
        at,
        under: None,
        handover: None,
    }))
}

fn ended(kind: EndKind, at: Timestamp) -> State {
    State::Ended(Ending { kind, at })
}

fn grant(id: Id<Grant>, at: Timestamp, revoked: bool) -> Record {
    Record::Grant(Grant {
        id,
        face: FACE,
        client: Id::from_bytes([5; 16]),
        person: None,
        subject: None,
        rights: Rights::default(),
        by: DecidedBy::Policy {
            rule: "test".to_owned(),
        },
        session: None,
        sid: None,
        created_at: at,
        revoked_at: revoked.then_some(at),
        keep_until: None,
        renewable: false,
    })
}

fn collected(grant: Id<Grant>, at: Timestamp) -> State {
    State::Collected {
        at,
        grant,
        family: Id::from_bytes([6; 16]),
    }
}

fn ids(views: &[GnapGrantView]) -> Vec<String> {
    views.iter().map(|view| view.id.clone()).collect()
}

fn is_unknown<T: std::fmt::Debug>(told: &Result<T, OperationError>) -> bool {
    matches!(told, Err(OperationError::NotFound { .. }))
}

#[tokio::test]
async fn pages_meet_without_gap_or_repeat_in_both_orders_and_directions() {
    let world = World::new().await;
    let mut all = Vec::new();
    for n in 0..47 {
        // Several were made in the same millisecond.
        let age = Lifetime::from_millis(n / 5 * 10);
        let request = world.request(age, State::Pending);
        world.store(ONE, &request).await;
        all.push((request.created_at, request.id));
    }
    all.sort_unstable();
    let rising: Vec<String> = all.iter().map(|(_, id)| id.to_string()).collect();
    let holders = world.holders(Some(ONE)).await;
    let filter = GnapGrantFilter::default();
    for ascending in [false, true] {
        let mut want = rising.clone();
        if !ascending {
            want.reverse();
        }
        for size in [1, 7, 20, 46, 47, 100] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let paging = GrantPaging {
                    after: after.clone(),
                    first: Some(size),
                    ascending,
                    ..GrantPaging::default()
                };
                let page = world.operator.gnap_grants(&holders, &filter, &paging);
                let page = page.await.unwrap();
                assert_eq!(page.has_previous_page, after.is_some(), "{size}");
                seen.extend(ids(&page.items));
                assert_eq!(page.has_next_page, seen.len() < want.len(), "{size}");
                if !page.has_next_page {
                    break;
                }
                after = seen.last().cloned();
            }
            assert_eq!(seen, want, "forwards by {size}");

            let mut seen = vec![want[46].clone()];
            loop {
                let paging = GrantPaging {
                    before: seen.first().cloned(),
                    last: Some(size),
                    ascending,
                    ..GrantPaging::default()
                };
                let page = world.operator.gnap_grants(&holders, &filter, &paging);
                let page = page.await.unwrap();
                assert!(page.has_next_page, "the cursor itself is behind");
                seen.splice(0..0, ids(&page.items));
                assert_eq!(page.has_previous_page, seen.len() < want.len(), "{size}");
                if !page.has_previous_page {
                    break;
                }
            }
            assert_eq!(seen, want, "backwards by {size}");
        }
    }
}

#[tokio::test]
async fn a_page_of_no_possible_size_or_place_is_refused() {
    let world = World::new().await;
    let request = world.request(Lifetime::ZERO, State::Pending);
    world.store(ONE, &request).await;
    let (known, nobody) = (
        request.id.hyphenated(),
        Id::<PendingRequest>::from_bytes([3; 16]),
    );
    let holders = world.holders(Some(ONE)).await;
    let paging = |after: Option<&str>, before: Option<&str>, first, last| GrantPaging {
        after: after.map(str::to_owned),
        before: before.map(str::to_owned),
        first,
        last,
        ascending: false,
    };
    for (wish, want) in [
        (paging(None, None, Some(101), None), "invalid"),
        (paging(None, None, Some(-1), None), "invalid"),
        (paging(None, Some(&known), None, Some(101)), "invalid"),
        (paging(None, None, None, Some(5)), "invalid"),
        (paging(Some(&known), Some(&known), None, None), "invalid"),
        (paging(Some("x"), None, None, None), "bad_cursor"),
        (
            paging(Some(&nobody.to_string()), None, None, None),
            "bad_cursor",
        ),
        (paging(Some(&known), None, Some(0), None), "fine"),
        (paging(None, Some(&known), Some(3), Some(0)), "fine"),
    ] {
        let told = world
            .operator
            .gnap_grants(&holders, &GnapGrantFilter::default(), &wish)
            .await;
        let told = told.map_or_else(|error| error.code(), |_| "fine");
        assert_eq!(told, want, "{wish:?}");
    }
}

#[tokio::test]
async fn every_state_has_its_word_and_every_end_its_reason() {
    let world = World::new().await;
    let now = world.clock.now();
    let (kept, revoked) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
    world.insert(ONE, grant(kept, now, false)).await;
    world.insert(ONE, grant(revoked, now, true)).await;
    let fresh = Lifetime::ZERO;
    for (state, age, want) in [
        (State::Pending, fresh, (S::Pending, None)),
        (State::Pending, LIFETIME, (S::Finalized, Some(F::Expired))),
        (approval(now), fresh, (S::Approved, None)),
        (approval(now), LIFETIME, (S::Finalized, Some(F::Revoked))),
        (collected(kept, now), fresh, (S::Finalized, Some(F::Issued))),
        (
            collected(kept, now),
            LIFETIME,
            (S::Finalized, Some(F::Issued)),
        ),
        (
            collected(revoked, now),
            fresh,
            (S::Finalized, Some(F::Revoked)),
        ),
        (
            ended(EndKind::Denied, now),
            fresh,
            (S::Finalized, Some(F::Rejected)),
        ),
        (
            ended(EndKind::Cancelled, now),
            fresh,
            (S::Finalized, Some(F::Cancelled)),
        ),
        (
            ended(EndKind::Abandoned, now),
            fresh,
            (S::Finalized, Some(F::Abandoned)),
        ),
        (
            ended(EndKind::Revoked, now),
            fresh,
            (S::Finalized, Some(F::Revoked)),
        ),
        (
            ended(EndKind::Failed, now),
            fresh,
            (S::Finalized, Some(F::Failed)),
        ),
        (
            ended(EndKind::Expired, now),
            fresh,
            (S::Finalized, Some(F::Expired)),
        ),
    ] {
        let request = world.request(age, state);
        world.store(ONE, &request).await;
        let holders = world.holders(Some(ONE)).await;
        for name in [request.id.to_string(), request.id.hyphenated()] {
            let view = world.operator.gnap_grant(&holders, &name).await.unwrap();
            assert_eq!((view.state, view.finalization), want, "{:?}", request.state);
            assert_eq!(view.tenant.as_deref(), Some(ONE));
            assert_eq!(view.client.as_deref(), Some("https://client.example/app"));
            assert_eq!(view.subject[0]["uri"], "https://wallet.example/alice");
        }
        world.is_found_by_its_words(&request, want).await;
    }
}

#[tokio::test]
async fn e1_g16_no_filter_cursor_or_name_reaches_another_tenant() {
    let world = World::new().await;
    let mut made = HashMap::new();
    for tenant in [OWN, ONE, TWO] {
        for state in [State::Pending, ended(EndKind::Denied, world.clock.now())] {
            let request = world.request(Lifetime::ZERO, state);
            world.store(tenant, &request).await;
            made.entry(tenant)
                .or_insert_with(Vec::new)
                .push(request.id.to_string());
        }
    }
    let mut of_gnap = world.request(Lifetime::ZERO, State::Pending);
    of_gnap.payload = payload("rfc9635", "https://wallet.example/alice");
    world.store(OWN, &of_gnap).await;
    let filters = [
        GnapGrantFilter::default(),
        GnapGrantFilter {
            other_finalizations: vec![Finalization::Issued],
            ..GnapGrantFilter::default()
        },
        GnapGrantFilter {
            other_finalizations: vec![Finalization::Issued, Finalization::Revoked],
            other_states: vec![GnapGrantState::Processing],
            identifiers: vec!["https://wallet.example/alice".to_owned()],
            ..GnapGrantFilter::default()
        },
    ];
    for (tenant, own) in &made {
        let holders = world.holders(Some(tenant)).await;
        for filter in &filters {
            let mut found = ids(&world.list(Some(tenant), filter).await);
            let mut want = own.clone();
            found.sort();
            want.sort();
            assert_eq!(found, want, "{filter:?}");
        }
        let foreign = made.iter().filter(|(other, _)| *other != tenant);
        let foreign = foreign.flat_map(|(_, ids)| ids.clone());
        for id in foreign.chain([of_gnap.id.to_string()]) {
            let shown = world.operator.gnap_grant(&holders, &id).await;
            assert!(is_unknown(&shown), "{shown:?}");
            let revoked = world.operator.revoke_gnap_grant(&holders, &id).await;
            assert!(is_unknown(&revoked), "{revoked:?}");
            let paging = GrantPaging {
                after: Some(id),
                ..GrantPaging::default()
            };
            let page = world
                .operator
                .gnap_grants(&holders, &filters[0], &paging)
                .await;
            assert!(matches!(page, Err(OperationError::BadCursor)));
        }
    }
    let everything = world.list(None, &filters[0]).await;
    assert_eq!(everything.len(), 7);
    let gnap = GnapGrantFilter {
        profile: Some(Profile::Rfc9635),
        ..GnapGrantFilter::default()
    };
    let gnap = world.list(None, &gnap).await;
    assert_eq!(ids(&gnap), [of_gnap.id.to_string()]);
    assert_eq!((gnap[0].tenant.clone(), gnap[0].profile), (None, "rfc9635"));
    world.operator.delete_tenant(TWO).await.unwrap();
    assert!(is_unknown(
        &world.operator.holders(Some(TWO)).await.map(|_| ())
    ));
}

#[tokio::test]
async fn an_identifier_is_met_whole_by_any_right() {
    let world = World::new().await;
    let mut request = world.request(Lifetime::ZERO, State::Pending);
    let other =
        json!({"type": "quote", "actions": ["read"], "identifier": "https://wallet.example/b"});
    if let Value::Array(access) = &mut request.payload.open["tokens"][0]["access"] {
        access.push(other.to_string().into());
    }
    world.store(ONE, &request).await;
    for (identifiers, want) in [
        (vec!["https://wallet.example/alice"], 1),
        (vec!["https://wallet.example/b"], 1),
        (vec!["x", "https://wallet.example/b"], 1),
        (vec!["https://wallet.example/"], 0),
        (vec![""], 0),
        (vec![], 1),
    ] {
        let filter = GnapGrantFilter {
            identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
            ..GnapGrantFilter::default()
        };
        let found = world.list(Some(ONE), &filter).await;
        assert_eq!(found.len(), want, "{identifiers:?}");
    }
}

#[tokio::test]
async fn a_revoked_grant_gives_nothing_whatever_it_was() {
    let world = World::new().await;
    let now = world.clock.now();
    let standing = Id::from_bytes([1; 16]);
    world.insert(ONE, grant(standing, now, false)).await;
    let engine = world.engine(ONE).await;
    let holders = world.holders(Some(ONE)).await;
    for (state, age, want) in [
        (State::Pending, Lifetime::ZERO, Finalization::Revoked),
        (approval(now), Lifetime::ZERO, Finalization::Revoked),
        (
            collected(standing, now),
            Lifetime::ZERO,
            Finalization::Revoked,
        ),
        (State::Pending, LIFETIME, Finalization::Expired),
        (
            ended(EndKind::Denied, now),
            Lifetime::ZERO,
            Finalization::Rejected,
        ),
    ] {
        let request = world.request(age, state);
        world.store(ONE, &request).await;
        let id = request.id.to_string();
        for _ in 0..2 {
            let revoked = world.operator.revoke_gnap_grant(&holders, &id).await;
            let revoked = revoked.unwrap();
            assert_eq!(revoked.finalization, Some(want), "{:?}", request.state);
        }
    }
    let store: &dyn Store = engine.store().as_ref();
    let grant = store.grant(engine.issuer_id(), standing).await.unwrap();
    assert!(!grant.unwrap().value.is_live());
    for nobody in ["", "x", ONE, "req_00000000000000000000000000000001"] {
        let told = world.operator.revoke_gnap_grant(&holders, nobody).await;
        assert!(is_unknown(&told), "{nobody}");
    }
}

#[tokio::test]
async fn a_tenant_is_added_changed_and_deleted_and_its_secrets_are_told_once() {
    let world = World::new().await;
    let operator = &world.operator;
    let new = NewTenantDocument {
        idp_consent_url: Some("https://idp.example/consent".to_owned()),
        ..NewTenantDocument::default()
    };
    let added = operator.add_tenant(new).await.unwrap();
    let (idp, api) = (added.idp_secret.unwrap(), added.api_secret.unwrap());
    let id = added.tenant.id;
    assert_eq!((idp.reveal().len(), api.reveal().len()), (43, 43));
    assert_ne!(idp.reveal(), api.reveal());
    let read = |of: &str| Tenant::parse_uuid(of).unwrap();
    let secrets = |of: &str| {
        let id = read(of);
        async move {
            let secrets = operator.api_secrets(id).await.unwrap();
            let text = |secret: &Vec<u8>| String::from_utf8(secret.clone()).unwrap();
            secrets
                .iter()
                .map(|secret| text(secret))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(secrets(&id).await, [api.reveal()]);
    let change = TenantChange {
        idp_secret: Some(TenantSecret::new(OTHER_SECRET.to_owned())),
        api_secret: Said::New(TenantSecret::new(SECRET.to_owned())),
        ..TenantChange::default()
    };
    let changed = operator.change_tenant(&id, change).await.unwrap();
    assert_eq!((changed.idp_secrets, changed.api_secrets), (2, 2));
    assert_eq!(
        changed.idp_consent_url.as_deref(),
        Some("https://idp.example/consent")
    );
    assert_eq!(secrets(&id).await, [SECRET, api.reveal()]);
    let idp_of = world.root.tenant(read(&id)).await.unwrap().unwrap();
    let known = idp_of.idp.as_ref().unwrap();
    assert!(known.accepts(OTHER_SECRET) && known.accepts(idp.reveal()));
    let gone = TenantChange {
        idp_consent_url: Said::Gone,
        api_secret: Said::Gone,
        ..TenantChange::default()
    };
    let changed = operator.change_tenant(&id, gone).await.unwrap();
    assert_eq!((changed.idp_secrets, changed.api_secrets), (0, 0));
    assert!(secrets(&id).await.is_empty());
    let deleted = operator.delete_tenant(&id).await.unwrap();
    assert!(deleted.deleted_at.is_some());
    assert!(operator.tenant(&id).await.unwrap().deleted_at.is_some());
    assert!(is_unknown(&operator.delete_tenant(&id).await));
    let nothing = TenantChange::default();
    assert!(is_unknown(&operator.change_tenant(&id, nothing).await));
}

#[tokio::test]
async fn what_is_wrong_with_a_tenant_is_told_and_ids_are_given_once() {
    let world = World::new().await;
    let secret = |text: &str| Some(TenantSecret::new(text.to_owned()));
    let new = |id: Option<&str>| NewTenantDocument {
        id: id.map(str::to_owned),
        ..NewTenantDocument::default()
    };
    for (case, document, want) in [
        ("its id", new(Some("x")), "invalid"),
        (
            "the nil id",
            new(Some("00000000-0000-0000-0000-000000000000")),
            "invalid",
        ),
        ("the server's own id", new(Some(OWN)), "taken"),
        ("another's id", new(Some(ONE)), "taken"),
        (
            "its URL",
            NewTenantDocument {
                idp_consent_url: Some("ftp://x".to_owned()),
                ..new(None)
            },
            "invalid",
        ),
        (
            "a short secret",
            NewTenantDocument {
                api_secret: secret("short"),
                ..new(None)
            },
            "invalid",
        ),
        (
            "a secret with a space",
            NewTenantDocument {
                api_secret: secret(&format!("{SECRET} x")),
                ..new(None)
            },
            "invalid",
        ),
        (
            "a secret for nobody",
            NewTenantDocument {
                idp_secret: secret(SECRET),
                ..new(None)
            },
            "invalid",
        ),
    ] {
        let told = world.operator.add_tenant(document).await;
        assert_eq!(
            told.map_err(|error| error.code()).map(|_| ()),
            Err(want),
            "{case}"
        );
    }
    let url = TenantChange {
        idp_consent_url: Said::New("https://idp.example".to_owned()),
        ..TenantChange::default()
    };
    let alone = TenantChange {
        idp_secret: secret(SECRET),
        ..TenantChange::default()
    };
    for (tenant, change) in [(ONE, url), (ONE, alone), (OWN, TenantChange::default())] {
        let told = world.operator.change_tenant(tenant, change).await;
        assert!(matches!(told, Err(OperationError::Invalid(_))), "{told:?}");
    }
    let told = world.operator.delete_tenant(OWN).await;
    assert!(matches!(told, Err(OperationError::Invalid(_))), "{told:?}");
}

#[tokio::test]
async fn the_server_s_own_tenant_is_the_first_of_the_list_on_pages_of_any_size() {
    let world = World::new().await;
    for limit in [1, 2, 3, 500] {
        let (mut seen, mut wish) = (Vec::new(), Some(Wish { after: None, limit }));
        while let Some(this) = wish {
            let page = world.operator.tenants(&this).await.unwrap();
            assert!(page.items.len() <= limit);
            wish = this.following(&page);
            seen.extend(page.items);
        }
        let ids: Vec<&str> = seen.iter().map(|tenant| tenant.id.as_str()).collect();
        assert_eq!(ids, [OWN, ONE, TWO], "by {limit}");
        assert!(seen[0].own && !seen[1].own);
    }
    let own = world.operator.tenant(OWN).await.unwrap();
    assert!(own.own && own.created_at.is_none());
}
