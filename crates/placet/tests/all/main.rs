//! Tests of the whole: the source tree, and the server as its users meet it.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod certificate;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod declared;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod gnap_names;
#[cfg(test)]
mod gnap_operations;
#[cfg(test)]
mod graphql;
#[cfg(test)]
mod payments_admin;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod threats;
#[cfg(test)]
mod tree;
