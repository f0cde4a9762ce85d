//! What the person is asked, in parts the page prints.
//!
//! Spec: RFC 9635 §2.1, §2.3.2, §5.3, §8; threats C12, G6, G14

use std::collections::BTreeSet;

use placet_core::{engine::Shown, grant::Grant, right::Rights, time::Timestamp};
use placet_web::face::{
    AskChange, AskLine, Interval, Money, Payment, PaymentKind, Period, Prompt, PromptAsker,
    StructuredRight, What,
};
use serde_json::Value;
use url::Url;

use crate::{
    Profile,
    access::{AccessObject, AccessRight},
    open_payments::{self, AmountLimit},
    payload::{AskedSubject, Payload},
    subject::SubjectIdentifier,
};

/// What the page says beyond what it says of every request.
pub(crate) fn prompt(shown: &Shown) -> Prompt {
    let Some(payload) = Payload::of(&shown.request) else {
        return Prompt::default();
    };
    let finish = payload.finish.as_ref().filter(|finish| !finish.push);
    let uri = finish.and_then(|finish| Url::parse(&finish.uri).ok());
    let mut asks = lines(
        &shown.request.asked,
        payload.before.as_ref(),
        is_divisible(&payload, &shown.request.asked),
    );
    if let Some(subject) = &payload.subject {
        asks.push(AskLine {
            key: "subject".to_owned(),
            change: match (&payload.before, &payload.subject_before) {
                (None, _) => AskChange::Same,
                (Some(_), Some(before)) if before == subject => AskChange::Same,
                (Some(_), Some(before)) => AskChange::Changed {
                    before: Box::new(identity(before)),
                },
                (Some(_), None) => AskChange::Added,
            },
            optional: false,
            what: identity(subject),
        });
    }
    Prompt {
        answer_host: uri.as_ref().and_then(Url::host_str).map(str::to_owned),
        answer_origin: uri.as_ref().map(origin_or_scheme),
        from_device: shown.user_code.is_some(),
        start_again: None,
        asker: asker(shown, &payload),
        asks,
        modifies: shown.request.parent.is_some() || payload.before.is_some(),
    }
}

/// What a client would learn of the person. Whoever says yes to a wallet says that it is theirs, so they are shown which.
fn identity(subject: &AskedSubject) -> What {
    let formats = subject.formats.iter().chain(&subject.assertions).cloned();
    let wallets = subject.ids.iter().filter_map(wallet);
    What::Identity {
        formats: formats.chain(wallets).collect(),
    }
}

/// The address a client asks the person to confirm.
fn wallet(id: &Value) -> Option<String> {
    SubjectIdentifier::parse(id)?.as_uri().map(str::to_owned)
}

/// Who asks: a proven wallet, or what the client says of itself. A registered client is described by its registration.
fn asker(shown: &Shown, payload: &Payload) -> Option<PromptAsker> {
    let introduced = shown.request.asker.introduced.clone();
    let uri = introduced.as_ref().and_then(|said| said.uri.clone());
    let host = uri
        .as_deref()
        .and_then(|uri| Url::parse(uri).ok())
        .and_then(|uri| uri.host_str().map(str::to_owned));
    match (&payload.wallet, introduced) {
        (Some(wallet), said) => Some(PromptAsker {
            name: said
                .and_then(|said| said.name)
                .or_else(|| shown.client.metadata.client_name.clone()),
            uri: Some(wallet.clone()),
            host: Url::parse(wallet)
                .ok()
                .and_then(|uri| uri.host_str().map(str::to_owned)),
            wallet: Some(wallet.clone()),
            proven: true,
        }),
        (None, Some(said)) => Some(PromptAsker {
            name: said.name,
            uri,
            host,
            wallet: None,
            proven: said.proven,
        }),
        (None, None) => None,
    }
}

/// Whether the person may agree to a part: there are parts, and the dialect has a word for it.
fn is_divisible(payload: &Payload, asked: &Rights) -> bool {
    payload.profile == Profile::Rfc9635 && asked.details.len() > 1
}

/// What is granted when the person keeps these lines.
pub(crate) fn narrowed(shown: &Shown, kept: &BTreeSet<&str>) -> Rights {
    let mut rights = shown.request.asked.clone();
    if Payload::of(&shown.request).is_some_and(|payload| is_divisible(&payload, &rights)) {
        rights
            .details
            .retain(|detail| kept.contains(detail.as_str()));
    }
    rights
}

/// A line for each right; with what was agreed before, what became of each since.
pub(crate) fn lines(asked: &Rights, before: Option<&Rights>, optional: bool) -> Vec<AskLine> {
    let read = |rights: &Rights| -> Vec<AccessRight> {
        let texts = rights.details.iter();
        texts
            .filter_map(|text| AccessRight::parse(text.as_str()).ok())
            .collect()
    };
    let earlier = before.map(read).unwrap_or_default();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut lines = Vec::new();
    for right in read(asked) {
        let same = earlier.iter().position(|other| *other == right);
        let alike = || {
            earlier
                .iter()
                .enumerate()
                .position(|(index, other)| !used.contains(&index) && about_the_same(other, &right))
        };
        let change = match (before, same) {
            (None, _) => AskChange::Same,
            (Some(_), Some(index)) => {
                used.insert(index);
                AskChange::Same
            }
            (Some(_), None) => match alike() {
                Some(index) => {
                    used.insert(index);
                    let before = earlier.get(index).map(|other| Box::new(what(other)));
                    before.map_or(AskChange::Added, |before| AskChange::Changed { before })
                }
                None => AskChange::Added,
            },
        };
        lines.push(AskLine {
            key: right.canonical(),
            change,
            optional,
            what: what(&right),
        });
    }
    lines
}

/// Whether two rights are about the same thing, so that one reads as a change of the other.
fn about_the_same(one: &AccessRight, other: &AccessRight) -> bool {
    match (one, other) {
        (AccessRight::Object(one), AccessRight::Object(other)) => {
            one.kind == other.kind && one.identifier == other.identifier
        }
        (AccessRight::Reference(_), _) | (_, AccessRight::Reference(_)) => false,
    }
}

/// A right in the page's terms.
pub(crate) fn what(right: &AccessRight) -> What {
    if let Some(payment) = open_payments::describe(right).and_then(|payment| payment_of(&payment)) {
        return What::Payment(payment);
    }
    match right {
        AccessRight::Reference(name) => What::Reference(name.clone()),
        AccessRight::Object(object) => What::Right(structured(object)),
    }
}

fn structured(object: &AccessObject) -> StructuredRight {
    let list = |texts: &Option<Vec<String>>| texts.clone().unwrap_or_default();
    StructuredRight {
        kind: object.kind.clone(),
        actions: list(&object.actions),
        locations: list(&object.locations),
        datatypes: list(&object.datatypes),
        identifier: object.identifier.clone(),
        privileges: list(&object.privileges),
        other: object
            .other
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
    }
}

/// A payment in the page's terms. `None` for a rhythm the page has no words for: it is then shown member by member, since
/// a limit that comes again must never read as one that does not.
fn payment_of(payment: &open_payments::Payment) -> Option<Payment> {
    let money = |amount: &open_payments::Amount| Money {
        value: amount.value,
        asset_code: amount.asset_code.clone(),
        asset_scale: amount.asset_scale,
    };
    let (debit, receive) = match &payment.amount {
        None => (None, None),
        Some(AmountLimit::Debit(amount)) => (Some(money(amount)), None),
        Some(AmountLimit::Receive(amount)) => (None, Some(money(amount))),
    };
    let interval = match &payment.repeats {
        None => None,
        Some(repeats) => Some(interval_of(repeats)?),
    };
    Some(Payment {
        kind: match payment.kind {
            open_payments::PaymentKind::IncomingPayment => PaymentKind::Incoming,
            open_payments::PaymentKind::OutgoingPayment => PaymentKind::Outgoing,
            open_payments::PaymentKind::Quote => PaymentKind::Quote,
        },
        actions: payment
            .actions
            .iter()
            .map(|action| action.name().to_owned())
            .collect(),
        account: payment.wallet.clone(),
        receiver: payment.receiver.clone(),
        debit,
        receive,
        interval,
    })
}

fn interval_of(repeats: &open_payments::RepeatingInterval) -> Option<Interval> {
    let first = repeats.earliest()?;
    let moment = |at: Timestamp| jiff::Timestamp::from_millisecond(at.as_millis()).ok();
    let (months, millis) = repeats.step();
    let part = |count: i64| u32::try_from(count).ok();
    if millis % 1_000 != 0 {
        return None;
    }
    let rest = Period::of_seconds(millis / 1_000).unwrap_or_default();
    let every = Period {
        years: part(months / 12)?,
        months: part(months % 12)?,
        ..rest
    };
    Some(Interval {
        // It comes once, and so often again.
        repetitions: repeats.repetitions().map(|again| again.saturating_add(1)),
        start: moment(first.start)?,
        end: moment(first.end),
        every: (!every.is_empty()).then_some(every),
    })
}

/// What a standing agreement gives, for the person's own page.
pub(crate) fn of_grant(grant: &Grant) -> Option<Vec<AskLine>> {
    (grant.face == crate::face::FACE).then(|| lines(&grant.rights, None, false))
}

/// What a page's `form-action` must allow: the origin of a web address, the scheme of anything else.
fn origin_or_scheme(uri: &Url) -> String {
    match uri.scheme() {
        "http" | "https" => uri.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    }
}
