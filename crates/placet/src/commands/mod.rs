//! The commands for operators, one file each. They open the same store beside a running server, which notices what
//! they change within a second.

mod backup;
mod clients;
mod clock;
mod config;
mod desk;
mod events;
mod gnap_grants;
mod grants;
mod keys;
mod migrate;
mod password;
mod people;
mod print;
mod relocate;
mod requests;
mod sessions;
mod tenants;
mod verify;
mod version;

use clap::Subcommand;

use crate::{cli::Status, terminal::Terminal};

/// What an operator may ask for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks settings or shows an example of them.
    #[command(subcommand)]
    Config(config::Config),
    /// Adds, shows, changes and removes clients.
    Clients(clients::Clients),
    /// Adds people, shuts them out, lets them in, and erases them.
    People(people::People),
    /// Lists and ends the sign-ins of a person.
    Sessions(sessions::Sessions),
    /// Lists and revokes what a person allowed.
    Grants(grants::Grants),
    /// Lists, shows and revokes grants of GNAP and Open Payments.
    GnapGrants(gnap_grants::GnapGrants),
    /// Adds, shows, changes and deletes tenants of Open Payments.
    Tenants(tenants::Tenants),
    /// Lists and cancels the requests that wait for a person.
    Requests(requests::Requests),
    /// Tells what happened.
    Events(events::Events),
    /// Checks that everything stored still explains itself. Status 1 when something does not.
    Verify(desk::StoreArgs),
    /// Writes all the store holds to a file, beside a running server.
    Backup(backup::Backup),
    /// Fills an empty store from a file that `backup` wrote.
    Restore(backup::Restore),
    /// Moves all the store holds to another store, from SQLite to PostgreSQL or back.
    Move(relocate::Move),
    /// Brings the schema of the store up to this release's, ahead of its start.
    Migrate(desk::StoreArgs),
    /// Lists and rotates signing keys, and moves the store to another master key.
    Keys(keys::Keys),
    /// Says that the machine's clock is right.
    Clock(clock::Clock),
    /// Tells which release this is.
    Version,
}

/// Does what was asked.
pub(crate) async fn run(command: Command, terminal: Terminal) -> Status {
    match command {
        Command::Config(command) => config::run(command, terminal).await,
        Command::Clients(command) => clients::run(command, terminal).await,
        Command::People(command) => people::run(command, terminal).await,
        Command::Sessions(command) => sessions::run(command, terminal).await,
        Command::Grants(command) => grants::run(command, terminal).await,
        Command::GnapGrants(command) => gnap_grants::run(command, terminal).await,
        Command::Tenants(command) => tenants::run(command, terminal).await,
        Command::Requests(command) => requests::run(command, terminal).await,
        Command::Events(command) => events::run(command, terminal).await,
        Command::Verify(store) => verify::run(store, terminal).await,
        Command::Backup(command) => backup::backup(command, terminal).await,
        Command::Restore(command) => backup::restore(command, terminal).await,
        Command::Move(command) => relocate::run(command, terminal).await,
        Command::Migrate(store) => migrate::run(store, terminal).await,
        Command::Keys(command) => keys::run(command, terminal).await,
        Command::Clock(command) => clock::run(command, terminal).await,
        Command::Version => version::run(terminal),
    }
}
