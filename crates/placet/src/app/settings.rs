//! From the file's words to the edge's: the same facts in the types each part works with.

use std::{fs, path::Path, thread};

use placet_core::{time::Lifetime, token::AccessFormat};
use placet_gnap::settings::{GnapSettings, Mount, PaymentsSettings};
use placet_web::{
    hold::HoldSettings,
    limit::LimiterSettings,
    page::{Colour, Locale, Logo, LogoFormat, Scheme, Theme},
    site::{Lifetimes, ResourceEntry, ScopeEntry, SiteSettings},
};

use super::StartError;
use crate::config::{self, LocalText, Settings, TokenFormat};

pub(super) fn site(settings: &Settings) -> SiteSettings {
    let origin = &settings.public_origin;
    let base_path = origin.path().to_owned();
    let whole = origin.as_str();
    SiteSettings {
        issuer_url: whole.to_owned(),
        origin: whole.strip_suffix(&base_path).unwrap_or(whole).to_owned(),
        base_path,
        secure: origin.is_https(),
        default_locale: Locale::of_tag(&settings.default_locale).unwrap_or_default(),
        lifetimes: lifetimes(settings),
        scopes: settings.scopes.iter().map(scope).collect(),
        resources: settings.resources.iter().map(resource).collect(),
        interactions_per_browser: settings.limits.interactions_per_browser,
    }
}

/// Which dialects of GNAP are spoken, and how.
pub(super) fn gnap(settings: &Settings) -> GnapSettings {
    let payments = settings.open_payments.as_ref().map(|payments| {
        let (origin, base, mount) = if let Some((_, own)) = &payments.own {
            (
                own.as_str().to_owned(),
                own.as_str().to_owned(),
                Mount::Root,
            )
        } else {
            let public = &settings.public_origin;
            let whole = public.as_str();
            let origin = whole.strip_suffix(public.path()).unwrap_or(whole);
            (origin.to_owned(), format!("{whole}/op"), Mount::Below)
        };
        PaymentsSettings {
            origin,
            base,
            mount,
            operator_tenant: payments.operator_tenant,
            hash_encoding: payments.hash_encoding,
            interaction: payments.interaction,
            clients: payments.clients.clone(),
            check_created: payments.check_created,
        }
    });
    GnapSettings {
        rfc9635: settings.gnap.enabled,
        durable_tokens: settings.gnap.durable_tokens,
        open_payments: payments,
    }
}

fn lifetimes(settings: &Settings) -> Lifetimes {
    let from = &settings.lifetimes;
    Lifetimes {
        authorization_code: from.authorization_code,
        device_code: from.device_code,
        interaction: from.interaction,
        access_token: from.access_token,
        id_token: from.id_token,
        refresh_token_idle: from.refresh_token_idle,
        refresh_token_absolute: from.refresh_token,
        session: from.session,
        remembered_consent: from.remembered_consent.unwrap_or(Lifetime::ZERO),
        poll_interval: settings.limits.poll_interval,
    }
}

fn scope(declared: &config::DeclaredScope) -> ScopeEntry {
    let description = match &declared.description {
        LocalText::Plain(text) => Locale::ALL
            .iter()
            .map(|locale| (locale.tag().to_owned(), text.clone()))
            .collect(),
        texts @ LocalText::ByLanguage(_) => texts
            .languages()
            .map(|(tag, text)| (tag.to_owned(), text.to_owned()))
            .collect(),
    };
    ScopeEntry {
        name: declared.name.as_str().to_owned(),
        description,
        optional: declared.optional,
        step_up: declared.step_up,
    }
}

fn resource(declared: &config::DeclaredResource) -> ResourceEntry {
    let scopes = declared.scopes.iter().flatten();
    ResourceEntry {
        id: declared.id.clone(),
        name: declared.name.clone(),
        format: match declared.format {
            TokenFormat::Opaque => AccessFormat::Opaque,
            TokenFormat::Jwt => AccessFormat::Jwt,
        },
        lifetime: declared.lifetime,
        scopes: scopes.map(|scope| scope.as_str().to_owned()).collect(),
    }
}

pub(super) fn theme(declared: &config::Theme) -> Result<Theme, StartError> {
    let colour = |colour: config::Colour| Colour::rgb(colour.red, colour.green, colour.blue);
    let logo = match &declared.logo {
        None => None,
        Some(path) => {
            let bytes = read(path)?;
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension
                .and_then(LogoFormat::of_extension)
                .map(|format| Logo { format, bytes })
        }
    };
    Ok(Theme {
        name: declared.name.clone(),
        logo,
        light: Scheme {
            accent: colour(declared.accent),
            ..Scheme::LIGHT
        },
        dark: Scheme {
            accent: colour(declared.accent_dark),
            ..Scheme::DARK
        },
    })
}

/// The authorities that are trusted besides the system's, as PEM.
pub(super) fn extra_ca(settings: &Settings) -> Result<Option<Vec<u8>>, StartError> {
    settings.outbound.extra_ca.as_deref().map(read).transpose()
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    fs::read(path).map_err(|source| StartError::File {
        path: path.to_owned(),
        source,
    })
}

/// Passwords hashed at the same time: as set, else one per core.
pub(super) fn hash_parallel(settings: &Settings) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    settings.limits.password.hash_parallel.unwrap_or_else(cores)
}

pub(super) fn limiter(settings: &Settings) -> LimiterSettings {
    let limits = &settings.limits;
    LimiterSettings {
        requests_per_source_s: limits.requests_per_source_s,
        user_code_guesses_per_browser: limits.user_code.per_browser,
        user_code_guesses_per_source: limits.user_code.per_source,
        user_code_guesses_total: limits.user_code.total,
        user_code_window: limits.user_code.window,
        password_tries_per_account: limits.password.per_account,
        password_tries_per_source: limits.password.per_source,
        password_window: limits.password.window,
        client_auth_failures_per_source: limits.client_auth.failures_per_source,
        client_auth_window: limits.client_auth.window,
    }
}

pub(super) fn holds(settings: &Settings) -> HoldSettings {
    let held = &settings.limits.held_polls;
    HoldSettings {
        longest: held.longest,
        per_client: held.per_client,
        per_source: held.per_source,
        total: held.total,
    }
}
