//! What pages say about clients, scopes and people, taken from proven facts.
//!
//! Spec: RFC 9635 §2.3.2 and §11.16; threats G6, H7

use placet_core::{client::Client, pending::PendingRequest, person::Person, right::Rights};

use super::{
    ask::address,
    render::{display_name, moment, shown},
};
use crate::{
    face::{Prompt, PromptAsker},
    page::{
        self, Asker, ClientName, Locale, NameMark, Paper, ResourceLine, ScopeChoice, ScopeLine,
        Standing,
    },
    site::{ScopeEntry, Site, SiteSettings},
};

/// The scope that only says who signs in (OpenID Connect Core §3.1.2.1); unless described it needs no line of its own.
const OPENID: &str = "openid";

/// The client's name, with what to warn about: as the face knows it, else as it is registered.
pub(super) fn client_name(
    site: &Site,
    client: &Client,
    locale: Locale,
    prompt: &Prompt,
) -> ClientName {
    let brand = site.pages.theme().name.as_str();
    let Some(asker) = &prompt.asker else {
        let mut name = ClientName::new(client.display_name(locale.tag()), &[brand]);
        if client.metadata.first_party {
            // The operator's own clients may sound like the operator.
            name.marks.retain(|mark| *mark != NameMark::ReservedWord);
        }
        return name;
    };
    let told = |text: &Option<String>| {
        let text = text.clone().filter(|text| !text.trim().is_empty());
        text.map(|text| text.trim().to_owned())
    };
    let name = told(&asker.name)
        .or_else(|| told(&asker.wallet))
        .or_else(|| told(&asker.host))
        .or_else(|| asker.uri.as_deref().and_then(host_of));
    let name = name.unwrap_or_else(|| client.display_name(locale.tag()).to_owned());
    ClientName {
        only_said: !asker.proven,
        ..ClientName::new(&name, &[brand])
    }
}

/// Who asks. A name is proven by the client's credentials, or by a host that alone gets the answer.
pub(super) fn asker(
    site: &Site,
    client: &Client,
    locale: Locale,
    proven: bool,
    prompt: &Prompt,
) -> Asker {
    let name = client_name(site, client, locale, prompt);
    let first_seen = client.declared.is_none().then(|| moment(client.created_at));
    if let Some(told) = &prompt.asker {
        return told_asker(name, told, first_seen, prompt);
    }
    let by_host = prompt
        .answer_origin
        .as_deref()
        .is_some_and(|origin| origin.starts_with("https://"));
    let standing = if client.metadata.first_party {
        Standing::FirstParty
    } else if proven || by_host {
        Standing::Proven
    } else {
        Standing::Unproven
    };
    let home = || host_of(client.metadata.client_uri.as_deref()?);
    Asker {
        name,
        standing,
        host: prompt
            .answer_host
            .clone()
            .or_else(home)
            .map(page::Shown::from),
        wallet: None,
        answer_host: None,
        first_seen,
    }
}

/// An asker whom the face knows better than the registration: a wallet that proved itself, or somebody who only says who
/// they are. The host an answer goes to was chosen by the asker then, so it proves nothing and is told by itself.
fn told_asker(
    name: ClientName,
    told: &PromptAsker,
    first_seen: Option<jiff::Timestamp>,
    prompt: &Prompt,
) -> Asker {
    let said = || told.host.clone().or_else(|| host_of(told.uri.as_deref()?));
    // The wallet's address has its host in it, and what the wallet's key proves is the wallet alone.
    let host = said().filter(|_| told.wallet.is_none() || !told.proven);
    let wallet_host = told.wallet.as_deref().and_then(host_of);
    let known = [&host, &wallet_host];
    let answer_host = prompt.answer_host.clone();
    Asker {
        name,
        standing: if told.proven {
            Standing::Proven
        } else {
            Standing::Unproven
        },
        answer_host: answer_host
            .filter(|answer| !known.iter().any(|host| host.as_ref() == Some(answer)))
            .map(page::Shown::from),
        host: host.map(page::Shown::from),
        wallet: told.wallet.as_deref().map(address),
        first_seen,
    }
}

fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    url.host_str().map(str::to_owned)
}

/// Who asks in `request`.
pub(super) fn asker_of(
    site: &Site,
    request: &PendingRequest,
    client: &Client,
    locale: Locale,
    prompt: &Prompt,
) -> Asker {
    asker(site, client, locale, request.asker.proven, prompt)
}

/// A page of the client's own, at https only. Its host is told, since a stranger writes what stands there.
///
/// The client's logo is not shown: the page loads nothing from elsewhere (threat H8), and its name has a tile.
pub(super) fn paper(address: Option<&str>) -> Option<Box<Paper>> {
    let url = url::Url::parse(address?).ok()?;
    let names_nobody = url.username().is_empty() && url.password().is_none();
    if url.scheme() != "https" || !names_nobody {
        return None;
    }
    Some(Box::new(Paper {
        host: shown(url.host_str()?),
        link: page::Link::from(url.to_string()),
    }))
}

/// What may be done, a line for each scope.
pub(super) fn scope_lines(
    settings: &SiteSettings,
    rights: &Rights,
    locale: Locale,
) -> Vec<ScopeLine> {
    let line = |name: &str| {
        let entry = settings.scope(name);
        let description = entry.and_then(|entry| in_words(settings, entry, locale));
        if name == OPENID && description.is_none() {
            return None;
        }
        let optional = entry.is_some_and(|entry| entry.optional);
        Some(ScopeLine {
            name: shown(name),
            description: description.map(shown),
            choice: if optional {
                ScopeChoice::Offered
            } else {
                ScopeChoice::Required
            },
        })
    };
    rights
        .scopes
        .iter()
        .filter_map(|scope| line(scope.as_str()))
        .collect()
}

/// Where it may be done, a line for each resource.
pub(super) fn resource_lines(settings: &SiteSettings, rights: &Rights) -> Vec<ResourceLine> {
    let line = |id: &str| match settings
        .resource(id)
        .and_then(|entry| entry.name.as_deref())
    {
        Some(name) => ResourceLine {
            name: shown(name),
            id: Some(shown(id)),
        },
        None => ResourceLine {
            name: shown(id),
            id: None,
        },
    };
    rights
        .resources
        .iter()
        .map(|resource| line(resource.as_str()))
        .collect()
}

/// The person a page speaks to.
pub(super) fn person(person: &Person) -> page::Person {
    let name = display_name(person);
    page::Person {
        name: shown(name),
        login: (name != person.username).then(|| shown(&person.username)),
    }
}

/// A scope in the words of the page's language, else of the operator's, else of English, else of any.
pub(super) fn in_words<'a>(
    settings: &SiteSettings,
    entry: &'a ScopeEntry,
    locale: Locale,
) -> Option<&'a str> {
    let wanted = [locale, settings.default_locale, Locale::English];
    let said = |wanted: Locale| {
        let found = entry
            .description
            .iter()
            .find(|(tag, _)| Locale::of_tag(tag) == Some(wanted));
        found.map(|(_, text)| text.as_str())
    };
    wanted
        .into_iter()
        .find_map(said)
        .or_else(|| entry.description.first().map(|(_, text)| text.as_str()))
}
