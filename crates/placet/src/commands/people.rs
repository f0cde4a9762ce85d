//! `placet people`.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::{
    desk::{self, CommandError, Desk, StoreArgs},
    password::PasswordArgs,
    print::{Sheet, exact, mark, minute, parts},
};
use crate::{
    admin::operations::{Claims, NewPersonDocument, PersonView},
    cli::Status,
    terminal::Terminal,
};

/// What to do with people.
#[derive(Debug, Args)]
pub(crate) struct People {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds a person. The password is asked for, or read from a file or from standard input.
    Add {
        /// What they sign in with; capitals do not matter.
        username: String,
        /// The `sub` clients see. Absent: one is made.
        #[arg(long)]
        subject: Option<String>,
        /// A claim of OpenID Connect, as in `name=Ada Lovelace`; may be repeated.
        #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
        claims: Vec<(String, Json)>,
        #[command(flatten)]
        password: PasswordArgs,
        /// Adds them without a password, so that they cannot sign in yet.
        #[arg(long, conflicts_with = "password_file")]
        no_password: bool,
    },
    /// Lists all people.
    List,
    /// Shows one person.
    Show {
        /// Their user name or id.
        person: String,
    },
    /// Shuts a person out everywhere. Their sign-ins and tokens end.
    Disable {
        /// Their user name or id.
        person: String,
    },
    /// Lets a person in again. What they signed in to before stays over.
    Enable {
        /// Their user name or id.
        person: String,
    },
    /// Gives a person a new password. Their sign-ins end.
    Password {
        /// Their user name or id.
        person: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Erases a person: name, claims, password, sign-ins and grants go. Id and subject stay, for the audit.
    Erase {
        /// Their user name or id.
        person: String,
        /// Does not ask whether you are sure.
        #[arg(long)]
        yes: bool,
    },
}

/// Reads `NAME=VALUE`; a value that is a JSON flag, number or object is taken as such.
fn claim(text: &str) -> Result<(String, Json), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let read = match serde_json::from_str(value) {
        Ok(read @ (Json::Bool(_) | Json::Number(_) | Json::Object(_))) => read,
        Ok(_) | Err(_) => value.into(),
    };
    Ok((name.to_owned(), read))
}

pub(super) async fn run(people: People, terminal: Terminal) -> Status {
    desk::work(people.store, terminal, |desk| async move {
        let operator = &desk.operator;
        match people.command {
            Command::Add {
                username,
                subject,
                claims,
                password,
                no_password,
            } => {
                let password = (!no_password).then(|| password.read()).transpose()?;
                let new = NewPersonDocument {
                    username,
                    subject,
                    password,
                    claims: Claims(claims.into_iter().collect()),
                    ..NewPersonDocument::default()
                };
                Ok(told(&desk, &operator.add_person(new).await?, "is added"))
            }
            Command::List => list(&desk).await,
            Command::Show { person } => Ok(show(&desk, &operator.person(&person).await?)),
            Command::Disable { person } => Ok(told(
                &desk,
                &operator.set_disabled(&person, true).await?,
                "is shut out",
            )),
            Command::Enable { person } => Ok(told(
                &desk,
                &operator.set_disabled(&person, false).await?,
                "may sign in again",
            )),
            Command::Password { person, password } => {
                // An unknown name is told before a password is asked for.
                operator.person(&person).await?;
                let changed = operator.set_password(&person, &password.read()?).await?;
                Ok(told(
                    &desk,
                    &changed,
                    "has a new password, and every sign-in of theirs is over",
                ))
            }
            Command::Erase { person, yes } => erase(&desk, &person, yes).await,
        }
    })
    .await
}

fn told(desk: &Desk, person: &PersonView, happened: &str) -> Status {
    desk.terminal.line(&format!(
        "{} {happened} (subject {}).",
        person.username, person.subject
    ));
    desk.terminal.value(person);
    Status::Done
}

async fn list(desk: &Desk) -> Result<Status, CommandError> {
    let all = desk::every(async |wish| desk.operator.people(wish).await).await?;
    let mut sheet = Sheet::new(&["PERSON", "NAME", "SUBJECT", "ADDED", ""]);
    for person in &all {
        let name = person.claims.0.get("name").and_then(Json::as_str);
        let state = match (person.erased, person.disabled) {
            (true, _) => "erased",
            (false, true) => "disabled",
            (false, false) => "",
        };
        sheet.row([
            person.username.clone(),
            name.unwrap_or_default().to_owned(),
            person.subject.clone(),
            minute(person.created_at),
            state.to_owned(),
        ]);
    }
    sheet.print(
        desk.terminal,
        "There are no people. `placet people add` adds one.",
    );
    desk.terminal.value(&all);
    Ok(Status::Done)
}

fn show(desk: &Desk, person: &PersonView) -> Status {
    let mut lines = vec![
        ("username", person.username.clone()),
        ("id", person.id.clone()),
        ("subject", person.subject.clone()),
        ("added", exact(person.created_at)),
        ("version", person.version.to_string()),
        (
            "password",
            if person.has_password { "set" } else { "none" }.to_owned(),
        ),
        ("declared", mark(person.declared, "in the settings file")),
        ("disabled", mark(person.disabled, "yes")),
        ("erased", mark(person.erased, "yes")),
        (
            "signed in before",
            person
                .not_before
                .map(|at| format!("{} is over", exact(at)))
                .unwrap_or_default(),
        ),
    ];
    let claims = person.claims.0.iter().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.as_str(), text)
    });
    lines.extend(claims);
    parts(desk.terminal, &lines);
    desk.terminal.value(person);
    Status::Done
}

async fn erase(desk: &Desk, name: &str, yes: bool) -> Result<Status, CommandError> {
    let person = desk.operator.person(name).await?;
    if !yes && !confirmed(desk, &person)? {
        return Err(CommandError::Other("nothing was erased".to_owned()));
    }
    let erased = desk.operator.erase_person(name).await?;
    desk.terminal.line(&format!(
        "{name} is erased. The subject {} is never given again.",
        erased.subject
    ));
    desk.terminal.value(&erased);
    Ok(Status::Done)
}

fn confirmed(desk: &Desk, person: &PersonView) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() || desk.terminal.is_json() {
        return Err(CommandError::Other(
            "erasing cannot be undone; say --yes".to_owned(),
        ));
    }
    desk.terminal.line(&format!(
        "This erases {} for good. Type the user name to go on:",
        person.username
    ));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CommandError::Other(error.to_string()))?;
    Ok(answer.trim() == person.username)
}
