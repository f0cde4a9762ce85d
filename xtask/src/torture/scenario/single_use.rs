//! The same single-use value sent to three nodes at once (threat K2): at most one distinct result each.
//!
//! | Kind | Sent three times at once |
//! |---|---|
//! | code | one authorization code |
//! | device code | one poll after the approval |
//! | refresh token | one refresh; the same successor may come more than once |
//! | jti | one client assertion |
//! | decision | one page's buttons: approve, deny, approve |
//! | form | one approval |
//!
//! Spec: RFC 6749 §4.1.2, §6; RFC 8628 §3.5; RFC 7523 §3; design: single use means at most one distinct result

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Barrier, Mutex, PoisonError},
    thread,
};

use crate::{
    http::{Connection, Reply, Request},
    torture::{
        Plan,
        assertion::Signer,
        bout::Bout,
        browser::Browser,
        fleet::NO_POSTGRES,
        hand::DEVICE_GRANT,
        lines::Lines,
        page::Page,
        postgres::Cluster,
        setup::{CALLBACK, DEVICE, PERSON, Setup, WEB, Wishes},
        table::Row,
    },
};

const NODES: usize = 3;
const PAGES: u32 = 6;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some(cluster) = Cluster::new()? else {
        return Ok(Row::skipped("single-use", NO_POSTGRES));
    };
    let signer = Signer::new()?;
    let wishes = Wishes {
        name: "single-use",
        nodes: NODES,
        databases: vec![cluster.url()],
        more: signer.as_ref().map(Signer::client).unwrap_or_default(),
    };
    let mut bout = Bout::new("single-use", Setup::new(&plan.binary, &wishes)?, plan.seed)?;
    let servers = (0..NODES)
        .map(|number| bout.setup.start(number))
        .collect::<Result<Vec<_>, _>>()?;
    let rounds = plan.cycles(12, 1000);
    let counts = race(&bout, signer.as_ref(), rounds)?;
    for (kind, count) in &counts {
        let note = format!(
            "{kind}: {} rounds, {} with one result",
            count.rounds, count.single
        );
        bout.row.notes.push(note);
        bout.check(
            "K2",
            count.doubled == 0,
            &format!("{kind}: {} rounds with two results", count.doubled),
        );
        bout.check(
            "idle",
            count.single > 0,
            &format!("{kind}: no round had a result"),
        );
    }
    if signer.is_none() {
        bout.row
            .notes
            .push("jti: left out, it needs the program openssl".to_owned());
    }
    bout.row.cycles = rounds;
    let clean = bout.setup.verify()?;
    drop(servers);
    let mut row = bout.row;
    row.violations.extend(clean);
    row.requests = bout.tally.requests();
    row.errors = bout.tally.to_string();
    Ok(row)
}

/// How the rounds of a kind ended.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    rounds: u32,
    single: u32,
    doubled: u32,
}

/// Runs the kinds beside one another.
fn race(
    bout: &Bout,
    signer: Option<&Signer>,
    rounds: u32,
) -> Result<BTreeMap<&'static str, Count>, String> {
    let counts = Mutex::new(BTreeMap::<&'static str, Count>::new());
    let note = |kind: &'static str, results: usize| {
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(kind).or_default();
        count.rounds += 1;
        count.single += u32::from(results == 1);
        count.doubled += u32::from(results > 1);
    };
    thread::scope(|scope| {
        let web = scope.spawn(|| {
            let mut racer = Racer::new(bout);
            (0..rounds).try_for_each(|_| racer.code(&note))
        });
        let device = scope.spawn(|| {
            let mut racer = Racer::new(bout);
            (0..rounds).try_for_each(|_| racer.device(&note))
        });
        let jti = scope.spawn(|| {
            let racer = Racer::new(bout);
            let Some(signer) = signer else { return Ok(()) };
            (0..rounds).try_for_each(|round| racer.assertion(signer, round, &note))
        });
        [web, device, jti]
            .into_iter()
            .try_for_each(|kind| kind.join().map_err(|_| "a racer panicked".to_owned())?)
    })?;
    Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One person with a browser, and the means to send one thing three times at once.
struct Racer<'a> {
    bout: &'a Bout,
    browser: Browser<'a>,
    lines: Lines<'a>,
}

impl<'a> Racer<'a> {
    fn new(bout: &'a Bout) -> Self {
        let lines = Lines::new(&bout.setup.host, &bout.setup.addresses(), &bout.tally);
        Self {
            bout,
            browser: Browser::new(lines.fresh()),
            lines,
        }
    }

    /// A code, and the refresh token it brings.
    fn code(&mut self, note: &impl Fn(&'static str, usize)) -> Result<(), String> {
        let form = crate::http::form(&[
            ("response_type", "code"),
            ("client_id", WEB.0),
            ("redirect_uri", CALLBACK),
            ("scope", "openid offline_access read"),
            ("state", "s"),
            ("prompt", "consent"),
        ]);
        let Some(target) = self.walk(&format!("/authorize?{form}"), None)? else {
            return Ok(());
        };
        let code = value(&target, "code").ok_or(format!("no code in {target}"))?;
        let exchange = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
        ];
        let request = Request::post("/token", &exchange).basic(WEB.0, WEB.1);
        note("code", tokens(&self.at_once([&request; NODES])).len());
        Ok(())
    }

    /// A decision, a form, a device code and the refresh token it brings.
    fn device(&mut self, note: &impl Fn(&'static str, usize)) -> Result<(), String> {
        for (kind, buttons) in [
            ("decision", ["approve", "deny", "approve"]),
            ("form", ["approve", "approve", "approve"]),
        ] {
            let open = Request::post(
                "/device_authorization",
                &[("scope", "openid offline_access read")],
            );
            let opened = self.answered(&open.basic(DEVICE.0, DEVICE.1))?.json();
            let text = |name: &str| {
                opened
                    .get(name)
                    .and_then(|v| v.as_str())
                    .unwrap_or_default()
            };
            let Some(decided) = self.walk(text("verification_uri_complete"), Some(buttons))? else {
                return Err("a device's request was sent to a client".to_owned());
            };
            let outcomes: BTreeSet<&str> = decided
                .split(' ')
                .filter(|outcome| ["approved", "denied"].contains(outcome))
                .collect();
            note(kind, outcomes.len());
            let poll = [
                ("grant_type", DEVICE_GRANT),
                ("device_code", text("device_code")),
            ];
            let request = Request::post("/token", &poll).basic(DEVICE.0, DEVICE.1);
            let brought = tokens(&self.at_once([&request; NODES]));
            if outcomes.contains("approved") {
                note("device code", brought.len());
            } else if !brought.is_empty() {
                return Err("denied, and then tokens".to_owned());
            }
            for refresh in brought.iter().filter_map(|(_, refresh)| refresh.as_deref()) {
                let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
                let request = Request::post("/token", &fields).basic(DEVICE.0, DEVICE.1);
                note(
                    "refresh token",
                    tokens(&self.at_once([&request; NODES])).len(),
                );
            }
        }
        Ok(())
    }

    /// A client assertion.
    fn assertion(
        &self,
        signer: &Signer,
        round: u32,
        note: &impl Fn(&'static str, usize),
    ) -> Result<(), String> {
        let assertion = signer.assertion(&format!("http://{}", self.bout.setup.host), round)?;
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "read"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
        ];
        let request = Request::post("/token", &fields);
        note("jti", tokens(&self.at_once([&request; NODES])).len());
        Ok(())
    }

    /// Walks through the pages to the end: the address of the client, or, where buttons are given, what the pages that
    /// followed them said.
    fn walk(
        &mut self,
        url: &str,
        buttons: Option<[&str; NODES]>,
    ) -> Result<Option<String>, String> {
        let mut shown = self.browser.visit(url).map_err(|error| error.to_string())?;
        for _ in 0..PAGES {
            if let Some(target) = shown.sent_to {
                return Ok(Some(target));
            }
            let page = &shown.page;
            let ticked = [("confirm-device", "on")];
            if page.by_id("approve").is_some()
                && let Some(buttons) = buttons
            {
                return self.press_all(&shown.page, buttons, &ticked).map(Some);
            }
            let form = page
                .press("approve", &ticked)
                .or_else(|| {
                    page.press(
                        "submit-login",
                        &[("login", PERSON.0), ("password", PERSON.1)],
                    )
                })
                .or_else(|| page.press("submit-code", &[]))
                .ok_or_else(|| {
                    format!(
                        "a page (status {}) offers nothing to go on with",
                        shown.status
                    )
                })?;
            shown = self
                .browser
                .submit(&form)
                .map_err(|error| error.to_string())?;
        }
        Err("the pages lead in a circle".to_owned())
    }

    /// Presses buttons of one page at once, each at another node. The outcomes told.
    fn press_all(
        &mut self,
        page: &Page,
        buttons: [&str; NODES],
        ticked: &[(&str, &str)],
    ) -> Result<String, String> {
        let mut requests = Vec::new();
        for button in buttons {
            let ticked = if button == "approve" { ticked } else { &[] };
            let form = page.press(button, ticked).ok_or("a button is missing")?;
            requests.push(self.browser.dressed_form(&form));
        }
        let [first, second, third] = requests.as_slice() else {
            return Err("three buttons are needed".to_owned());
        };
        let mut outcomes = Vec::new();
        for reply in self.at_once([first, second, third]) {
            let shown = self
                .browser
                .follow(&reply)
                .map_err(|error| error.to_string())?;
            let outcome = shown
                .page
                .by_id("outcome")
                .and_then(|tag| tag.get("data-outcome"));
            outcomes.push(outcome.unwrap_or("none").to_owned());
        }
        Ok(outcomes.join(" "))
    }

    fn answered(&mut self, request: &Request) -> Result<Reply, String> {
        self.lines.send(request).map_err(|error| error.to_string())
    }

    /// Sends at the same moment, each to another node; the answers that came.
    fn at_once(&self, requests: [&Request; NODES]) -> Vec<Reply> {
        let barrier = Barrier::new(NODES);
        let addresses = self.bout.setup.addresses();
        thread::scope(|scope| {
            let calls: Vec<_> = requests
                .into_iter()
                .zip(addresses)
                .map(|(request, address)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let mut line = Connection::behind(address, &self.bout.setup.host);
                        let warm = line.send(&Request::get("/jwks.json"));
                        barrier.wait();
                        warm.and_then(|_| line.send(request))
                    })
                })
                .collect();
            calls
                .into_iter()
                .filter_map(|call| call.join().ok())
                .inspect(|result| self.bout.tally.note(result))
                .filter_map(Result::ok)
                .collect()
        })
    }
}

/// The distinct tokens that were handed out.
fn tokens(replies: &[Reply]) -> BTreeSet<(String, Option<String>)> {
    let text = |reply: &Reply, name: &str| {
        let json = reply.json();
        json.get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let good = replies.iter().filter(|reply| reply.status == 200);
    good.filter_map(|reply| Some((text(reply, "access_token")?, text(reply, "refresh_token"))))
        .collect()
}

/// A parameter of an address.
fn value(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
