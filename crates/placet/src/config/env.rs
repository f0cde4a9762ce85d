//! Variables and flags, laid over the tree of the file.
//!
//! `PLACET_A__B` sets `a.b`. An unknown variable is an error: it is a setting somebody believes to be in force.

use super::catalogue::{self, FILE_VARIABLE, Setting, VARIABLE_PREFIX, closest, list_of};
use super::file::{Node, Table, Value};
use super::problem::{Fault, Place, Report};
use super::source::Sources;

/// Lays the variables, then the flags, over `document`.
pub(crate) fn overlay(document: &mut Table, sources: &Sources<'_>, report: &Report) {
    let mut variables: Vec<_> = sources.variables.iter().collect();
    variables.sort();
    for (name, value) in variables {
        let Some(short) = name.strip_prefix(VARIABLE_PREFIX) else {
            continue;
        };
        if name == FILE_VARIABLE {
            continue;
        }
        let place = Place::Variable(name.clone());
        let known =
            catalogue::settings().find(|setting| setting.variable().as_deref() == Some(name));
        match known {
            Some(setting) => set(document, setting, place, value),
            None => report.error(&place, None, unknown_variable(name, short)),
        }
    }
    for (key, value) in &sources.flags {
        let place = Place::Flag(key.clone());
        match catalogue::setting(key).filter(|setting| setting.variable().is_some()) {
            Some(setting) => set(document, setting, place, value),
            None => report.error(&place, None, unknown_flag(key)),
        }
    }
}

fn set(document: &mut Table, setting: &Setting, place: Place, value: &str) {
    let path: Vec<&str> = setting.key.split('.').collect();
    document.set(
        &path,
        Node {
            place,
            value: Value::Loose(value.to_owned()),
        },
    );
}

fn unknown_variable(name: &str, short: &str) -> Fault {
    let fault = Fault::new("is no setting");
    let key = short.to_ascii_lowercase().replace("__", ".");
    if let Some(section) = list_of(&key) {
        return fault.hint(format!(
            "[[{}]] can only be declared in the file",
            section.name
        ));
    }
    let names: Vec<String> = catalogue::settings()
        .filter_map(Setting::variable)
        .collect();
    match closest(name, names.iter().map(String::as_str)) {
        Some(name) => fault.hint(format!("did you mean {name}?")),
        None => fault.hint("two underscores go one level down, as in PLACET_LIMITS__PENDING_TOTAL"),
    }
}

fn unknown_flag(key: &str) -> Fault {
    let fault = Fault::new("is no setting");
    if let Some(section) = list_of(key) {
        return fault.hint(format!(
            "[[{}]] can only be declared in the file",
            section.name
        ));
    }
    let keys = catalogue::settings()
        .filter(|setting| setting.variable().is_some())
        .map(|setting| setting.key);
    match closest(key, keys) {
        Some(key) => fault.hint(format!("did you mean {key}?")),
        None => fault,
    }
}
