//! What a face asks for, turned into lines of a page: every text of a stranger made safe to look at.
//!
//! Spec: RFC 9635 §8 and §11.16; threats C5 and C12

use std::collections::BTreeSet;

use super::{render::shown, view::in_words};
use crate::{
    face::{
        AskChange, AskLine, Interval, Money, Payment, PaymentKind, Period, StructuredRight, What,
    },
    page::{
        Address, Amount, Ask, Change, ClientName, Item, Locale, NameMark, PaymentItem, Power,
        Repeat, RightItem, ScopeChoice, Shown,
    },
    site::SiteSettings,
};

/// The lines of a page. Of the optional ones those in `ticked` are; without it all of them.
pub(super) fn asks(
    settings: &SiteSettings,
    lines: &[AskLine],
    locale: Locale,
    ticked: Option<&BTreeSet<&str>>,
) -> Vec<Ask> {
    let line = |line: &AskLine| {
        let (change, before) = match &line.change {
            AskChange::Same => (Change::Same, None),
            AskChange::Added => (Change::Added, None),
            AskChange::Changed { before } => {
                (Change::Changed, Some(item(settings, before, locale)))
            }
            AskChange::Removed => (Change::Removed, None),
        };
        let choice = if !may_be_left_out(line) {
            ScopeChoice::Required
        } else if ticked.is_none_or(|ticked| ticked.contains(line.key.as_str())) {
            ScopeChoice::Offered
        } else {
            ScopeChoice::LeftOut
        };
        Ask {
            key: line.key.clone(),
            change,
            choice,
            item: item(settings, &line.what, locale),
            before,
        }
    };
    lines.iter().map(line).collect()
}

/// Of the optional lines, those whose boxes were ticked. What else was sent names nothing that could be chosen.
pub(super) fn kept<'a>(lines: &'a [AskLine], ticked: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let optional = lines.iter().filter(|line| may_be_left_out(line));
    let keys = optional.map(|line| line.key.as_str());
    keys.filter(|key| ticked.contains(key)).collect()
}

/// What is no longer asked for is not granted whatever a person ticks, so there is nothing to choose.
fn may_be_left_out(line: &AskLine) -> bool {
    line.optional && line.change != AskChange::Removed
}

fn item(settings: &SiteSettings, what: &What, locale: Locale) -> Item {
    match what {
        What::Payment(asked) => Item::Payment(Box::new(payment(asked))),
        What::Right(asked) => Item::Right(right(settings, asked)),
        What::Reference(name) => {
            let described = settings.scope(name);
            let words = described.and_then(|entry| in_words(settings, entry, locale));
            Item::Reference {
                name: shown(name),
                description: words.map(shown),
            }
        }
        What::Identity { formats } => Item::Identity {
            formats: all_shown(formats),
        },
    }
}

fn payment(asked: &Payment) -> PaymentItem {
    let mut powers: BTreeSet<Power> = BTreeSet::new();
    let mut others = Vec::new();
    for action in &asked.actions {
        match power(asked.kind, action) {
            Some(power) => {
                powers.insert(power);
            }
            None => others.push(shown(action)),
        }
    }
    if powers.contains(&Power::SeeAll) {
        powers.remove(&Power::See);
    }
    let interval = asked.interval.as_ref();
    let limit = asked.debit.as_ref().or(asked.receive.as_ref());
    PaymentItem {
        payment: asked.kind,
        powers: powers.into_iter().collect(),
        others,
        account: asked.account.as_deref().map(address),
        receiver: asked.receiver.as_deref().map(address),
        debit: asked.debit.as_ref().map(amount),
        receive: asked.receive.as_ref().map(amount),
        interval: interval.map(repeat),
        total: limit
            .zip(interval)
            .and_then(|(limit, interval)| total(limit, interval)),
    }
}

/// What an action lets a client do with payments of a kind. `None` for one that is not of Open Payments.
///
/// To read one and to list them comes to the same for the person they belong to: the client sees them.
fn power(kind: PaymentKind, action: &str) -> Option<Power> {
    match action {
        "create" => Some(Power::Create),
        "complete" if kind == PaymentKind::Incoming => Some(Power::Complete),
        "read" => Some(Power::See),
        "read-all" => Some(Power::SeeAll),
        "list" if kind != PaymentKind::Quote => Some(Power::See),
        "list-all" if kind != PaymentKind::Quote => Some(Power::SeeAll),
        _ => None,
    }
}

fn amount(money: &Money) -> Amount {
    let mut marks = ClientName::from(money.asset_code.as_str()).marks;
    // Whatever an asset is called, it does not sound like this server.
    marks.retain(|mark| *mark != NameMark::ReservedWord);
    Amount {
        value: money.value,
        asset: shown(&money.asset_code),
        scale: money.asset_scale,
        marks,
    }
}

/// The limits of all intervals together, where there is more than one and an end.
fn total(limit: &Money, interval: &Interval) -> Option<Amount> {
    let times = interval.repetitions.filter(|times| *times > 1)?;
    let value = limit.value.checked_mul(times.into())?;
    Some(Amount {
        value,
        ..amount(limit)
    })
}

fn repeat(interval: &Interval) -> Repeat {
    let between = || {
        let end = interval.end?;
        Period::of_seconds(end.as_second().checked_sub(interval.start.as_second())?)
    };
    let every = interval
        .every
        .filter(|period| !period.is_empty())
        .or_else(between);
    Repeat {
        times: interval.repetitions,
        every,
        start: interval.start,
        clock: every.is_some_and(|period| !period.is_of_days()),
    }
}

/// An address by its host. What could make one host pass for another is shown as it was written: a user name before the
/// host, or no web address at all. A host in letters beyond ASCII is shown in the form it is looked up by.
pub(super) fn address(text: &str) -> Address {
    let as_written = || Address {
        host: None,
        path: shown(text),
    };
    let Ok(url) = url::Url::parse(text) else {
        return as_written();
    };
    let Some(host) = url.host_str() else {
        return as_written();
    };
    let names_somebody = !url.username().is_empty() || url.password().is_some();
    if names_somebody || !matches!(url.scheme(), "https" | "http") {
        return as_written();
    }
    let scheme = if url.scheme() == "https" {
        ""
    } else {
        "http://"
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}"));
    let fragment = url.fragment().map(|fragment| format!("#{fragment}"));
    let path = format!(
        "{}{}{}",
        url.path(),
        query.unwrap_or_default(),
        fragment.unwrap_or_default()
    );
    Address {
        host: Some(shown(&format!("{scheme}{host}{port}"))),
        path: shown(if path == "/" { "" } else { &path }),
    }
}

fn right(settings: &SiteSettings, asked: &StructuredRight) -> RightItem {
    let place = |location: &String| {
        let entry = settings.resource(location);
        let name = entry.and_then(|entry| entry.name.as_deref());
        match name {
            Some(name) => shown(&format!("{name} ({location})")),
            None => shown(location),
        }
    };
    let other = asked.other.iter();
    RightItem {
        right: shown(&asked.kind),
        actions: all_shown(&asked.actions),
        locations: asked.locations.iter().map(place).collect(),
        datatypes: all_shown(&asked.datatypes),
        identifier: asked.identifier.as_deref().map(shown),
        privileges: all_shown(&asked.privileges),
        other: other
            .map(|(name, value)| (shown(name), shown(value)))
            .collect(),
    }
}

fn all_shown(texts: &[String]) -> Vec<Shown> {
    texts.iter().map(|text| shown(text)).collect()
}

#[cfg(test)]
mod tests;
