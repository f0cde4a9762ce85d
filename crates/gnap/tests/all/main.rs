//! What is read and what is printed, by tables: one module per section of a specification. What the handlers of both
//! dialects do, in whole exchanges: one module per place.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod open_payments_access;
#[cfg(test)]
mod open_payments_identity;
#[cfg(test)]
mod open_payments_interval;
#[cfg(test)]
mod open_payments_problem;
#[cfg(test)]
mod open_payments_request;
#[cfg(test)]
mod payer;
#[cfg(test)]
mod payments_continuation;
#[cfg(test)]
mod payments_grant;
#[cfg(test)]
mod payments_interaction;
#[cfg(test)]
mod payments_introspection;
#[cfg(test)]
mod payments_policy;
#[cfg(test)]
mod payments_tenants;
#[cfg(test)]
mod payments_threats;
#[cfg(test)]
mod payments_token;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rfc9493;
#[cfg(test)]
mod rfc9635_access;
#[cfg(test)]
mod rfc9635_changed;
#[cfg(test)]
mod rfc9635_continuation;
#[cfg(test)]
mod rfc9635_discovery;
#[cfg(test)]
mod rfc9635_durable;
#[cfg(test)]
mod rfc9635_error;
#[cfg(test)]
mod rfc9635_grant;
#[cfg(test)]
mod rfc9635_hash;
#[cfg(test)]
mod rfc9635_interact;
#[cfg(test)]
mod rfc9635_prompt;
#[cfg(test)]
mod rfc9635_reached;
#[cfg(test)]
mod rfc9635_registered;
#[cfg(test)]
mod rfc9635_request;
#[cfg(test)]
mod rfc9635_response;
#[cfg(test)]
mod rfc9635_taken_back;
#[cfg(test)]
mod rfc9635_threats;
#[cfg(test)]
mod rfc9635_user;
#[cfg(test)]
mod rfc9767;
#[cfg(test)]
mod rfc9767_exchange;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod wallets;
#[cfg(test)]
mod world;
